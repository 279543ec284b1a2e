#include "store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace resp {
namespace {

TEST(StoreTest, FindsWhatIsThereAndNothingElse) {
  Store store{0};
  std::map<std::string, std::string> model;
  std::minstd_rand random{7};
  for (int i = 0; i < 200'000; ++i) {
    const auto key = "key" + std::to_string(random() % 20'000);
    const auto value = std::string(random() % 40, static_cast<char>('a' + random() % 26));
    switch (random() % 4) {
      case 0:
        EXPECT_EQ(store.erase(key), model.erase(key) == 1);
        break;
      case 1: {
        const auto* const entry = store.find(key);
        const auto expected = model.find(key);
        ASSERT_EQ(entry != nullptr, expected != model.end()) << key;
        if (entry != nullptr) {
          EXPECT_EQ(entry->value(), expected->second);
        }
        break;
      }
      default:
        store.set(key, value, 0);
        model[key] = value;
    }
  }
  EXPECT_EQ(store.size(), model.size());
  for (const auto& [key, value] : model) {
    ASSERT_NE(store.find(key), nullptr);
    EXPECT_EQ(store.find(key)->value(), value);
  }
}

TEST(StoreTest, GivesItsMemoryBack) {
  Store store{0};
  for (int i = 0; i < 1000; ++i) store.set("key" + std::to_string(i), std::string(100, 'v'), 0);
  const auto full = store.memory();
  for (int i = 0; i < 1000; ++i) store.set("key" + std::to_string(i), "v", 0);
  EXPECT_LE(store.memory(), full);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(store.erase("key" + std::to_string(i)));
  EXPECT_LT(store.memory(), full - 1000 * 100);  // the tables stay
  store.clear();
  EXPECT_EQ(store.memory(), 0U);
}

TEST(StoreTest, TakesNoMoreRoomForAKeyThatIsThere) {
  Store store{0};
  for (int i = 0; i < 10'000; ++i) {
    const auto key = "key" + std::to_string(i);
    store.set(key, "v", 0);
    const auto before = store.memory();
    store.set(key, "w", 0);
    ASSERT_EQ(store.memory(), before) << i;
  }
}

TEST(StoreTest, SaysWhenItIsFull) {
  Store store{10'000};
  EXPECT_FALSE(store.is_full());
  store.set("key", std::string(20'000, 'v'), 0);
  EXPECT_TRUE(store.is_full());
  store.erase("key");
  EXPECT_FALSE(store.is_full());
}

TEST(StoreTest, KeepsAnEmptyKeyAndAnEmptyValue) {
  Store store{0};
  EXPECT_EQ(store.find(""), nullptr);
  store.set("", "", 0);
  ASSERT_NE(store.find(""), nullptr);
  EXPECT_EQ(store.find("")->value(), "");
}

TEST(StoreTest, DropsWhatHasExpired) {
  Store store{0};
  store.set("gone", "v", 1);
  store.set("here", "v", now_ms() + 3'600'000);
  EXPECT_EQ(store.find("gone"), nullptr);
  EXPECT_NE(store.find("here"), nullptr);
  EXPECT_EQ(store.size(), 1U);
}

TEST(StoreTest, SweepsWhatNobodyAsksForStepByStep) {
  Store store{0};
  for (int i = 0; i < 5000; ++i) store.set("gone" + std::to_string(i), "v", 1);
  for (int i = 0; i < 20'000; ++i) store.set("here" + std::to_string(i % 10), "v", now_ms() + 3'600'000);
  for (int i = 0; i < 50'000; ++i) store.set("key" + std::to_string(i), "v", 0);
  EXPECT_LE(store.size(), 50'000U + 10 + 50);
}

}  // namespace
}  // namespace resp
