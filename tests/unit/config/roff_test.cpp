#include "config/roff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indrik::config {
namespace {

using testing::HasSubstr;
using testing::Not;

Roff page() { return Roff{"indrik.toml", 5, "2026-11-21", "1.0"}; }

TEST(RoffTest, BeginsWithItsTitleInCapitals) {
  EXPECT_EQ(page().text(), ".TH INDRIK.TOML 5 2026-11-21 \"Indrik 1.0\" \"Indrik\"\n");
}

TEST(RoffTest, KeepsWhatTheFormatterWouldTakeForItsOwn) {
  auto roff = page();
  roff.paragraph(".so \\n it's \"-x\" ^ ~");
  EXPECT_THAT(roff.text(), HasSubstr("\n\\&.so \\en it\\(aqs \\(dq\\-x\\(dq \\(ha \\(ti\n"));
}

TEST(RoffTest, SetsWhatStandsBetweenBackticksInBoldAlsoWhereTheLineBreaks) {
  auto roff = page();
  std::string text(90, 'a');
  text += " `one two` three";
  roff.paragraph(text);
  EXPECT_THAT(roff.text(), HasSubstr(" \\fBone\ntwo\\fR three\n"));
}

TEST(RoffTest, AsksForNoParagraphBehindAHeading) {
  auto roff = page();
  roff.heading("EXAMPLE");
  roff.example("a\n.b");
  EXPECT_THAT(roff.text(), HasSubstr(".SH EXAMPLE\n.EX\na\n\\&.b\n.EE\n"));
  roff.paragraph("next");
  EXPECT_THAT(roff.text(), HasSubstr(".EE\n.PP\nnext\n"));
}

TEST(RoffTest, ListsItemsWithTheirTermsInBold) {
  auto roff = page();
  roff.item("-w", "Workers.");
  roff.more("Accepts 1.");
  EXPECT_THAT(roff.text(), HasSubstr(".TP\n\\fB\\-w\\fR\nWorkers.\n.IP\nAccepts 1.\n"));
  EXPECT_THAT(roff.text(), Not(HasSubstr(".PP")));
}

}  // namespace
}  // namespace indrik::config
