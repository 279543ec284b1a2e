// Exceptions of one fiber while others run: thrown, caught, thrown again, and unwound across what parks.
#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <list>
#include <stdexcept>
#include <string>

#include "fiber/fiber.h"
#include "unit/fiber/poll_loop.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

class ExceptionTest : public PollLoopTest {
 protected:
  /// Others throw, catch and park all the while.
  void start_others(int number) {
    for (int i = 0; i < number; ++i)
      start([i] {
        for (int round = 0; round < 5; ++round) {
          try {
            throw i;
          } catch (int caught) {
            sleep_for(std::chrono::microseconds{100 * (i + 1)});
            EXPECT_EQ(caught, i);
          }
        }
      });
  }
};

TEST_F(ExceptionTest, IsThrownOutOfWhatHasParked) {
  std::string caught;
  start_others(3);
  start([&] {
    try {
      sleep_for(1ms);
      throw std::runtime_error{"after the wait"};
    } catch (const std::exception& error) {
      caught = error.what();
    }
  });
  finish();
  EXPECT_EQ(caught, "after the wait");
}

TEST_F(ExceptionTest, IsThrownAgainAfterAWaitInItsHandler) {
  std::string caught;
  start_others(3);
  start([&] {
    try {
      try {
        throw std::runtime_error{"first"};
      } catch (const std::exception&) {
        sleep_for(1ms);
        throw;
      }
    } catch (const std::exception& error) {
      sleep_for(1ms);
      caught = error.what();
    }
  });
  finish();
  EXPECT_EQ(caught, "first");
}

TEST_F(ExceptionTest, KeepsHandlersWithinHandlersApart) {
  std::string caught;
  start_others(3);
  start([&] {
    try {
      throw std::runtime_error{"outer"};
    } catch (const std::exception& outer) {
      sleep_for(1ms);
      try {
        throw std::logic_error{"inner"};
      } catch (const std::exception& inner) {
        sleep_for(1ms);
        caught += inner.what();
      }
      sleep_for(1ms);
      caught += outer.what();
      const auto now = std::current_exception();
      EXPECT_THROW(std::rethrow_exception(now), std::runtime_error);
    }
    EXPECT_EQ(std::current_exception(), nullptr);
  });
  finish();
  EXPECT_EQ(caught, "innerouter");
}

/// Parks while the stack is unwound.
struct WaitsAtItsEnd {
  std::string& order;
  char name;
  ~WaitsAtItsEnd() {
    EXPECT_EQ(std::uncaught_exceptions(), 1);
    sleep_for(1ms);
    EXPECT_EQ(std::uncaught_exceptions(), 1);
    order += name;
  }
};

TEST_F(ExceptionTest, UnwindsAcrossDestructorsThatPark) {
  std::string order;
  start_others(3);
  start([&] {
    try {
      const WaitsAtItsEnd one{order, 'a'};
      const WaitsAtItsEnd two{order, 'b'};
      throw 1;
    } catch (int) {
      order += 'c';
    }
    EXPECT_EQ(std::uncaught_exceptions(), 0);
  });
  EXPECT_EQ(std::uncaught_exceptions(), 0);
  finish();
  EXPECT_EQ(order, "bac");
}

/// Throws and catches in a destructor, while the stack is unwound for another exception.
struct ThrowsAtItsEnd {
  ~ThrowsAtItsEnd() {
    try {
      sleep_for(1ms);
      EXPECT_EQ(std::uncaught_exceptions(), 1);
      throw 2;
    } catch (int two) {
      sleep_for(1ms);
      EXPECT_EQ(two, 2);
      EXPECT_EQ(std::uncaught_exceptions(), 1);
    }
  }
};

TEST_F(ExceptionTest, CountsThoseInFlightWithinEachOther) {
  int caught = 0;
  start_others(3);
  start([&] {
    try {
      const ThrowsAtItsEnd end;
      throw 1;
    } catch (int one) {
      caught = one;
    }
  });
  finish();
  EXPECT_EQ(caught, 1);
}

TEST_F(ExceptionTest, OutlivesTheFiberThatHasThrownItInAPointer) {
  std::exception_ptr kept;
  start([&] {
    try {
      throw std::runtime_error{"kept"};
    } catch (...) {
      sleep_for(1ms);
      kept = std::current_exception();
    }
  });
  finish();
  std::string caught;
  start([&] {
    sleep_for(1ms);
    try {
      std::rethrow_exception(kept);
    } catch (const std::exception& error) {
      caught = error.what();
    }
  });
  finish();
  EXPECT_EQ(caught, "kept");
}

TEST_F(ExceptionTest, LeavesTheLoopAloneThatIsInsideAHandlerItself) {
  try {
    throw std::runtime_error{"of the loop"};
  } catch (const std::exception&) {
    start([] { EXPECT_EQ(std::uncaught_exceptions(), 0); });
    start_others(2);
    finish();
    EXPECT_EQ(std::uncaught_exceptions(), 0);
    try {
      std::rethrow_exception(std::current_exception());
    } catch (const std::exception& again) {
      EXPECT_STREQ(again.what(), "of the loop");
    }
  }
}

}  // namespace
}  // namespace indrik::fiber
