#include "config/ignore_rules.hpp"

#include <catch2/catch.hpp>

using namespace devinit::config;

namespace {

IgnoreRules rules(std::string_view text) {
  IgnoreRules result;
  result.add("", text);
  return result;
}

bool ignores_file(std::string_view text, std::string_view path) { return rules(text).ignores(path, false); }
bool ignores_folder(std::string_view text, std::string_view path) { return rules(text).ignores(path, true); }

}  // namespace

TEST_CASE("no rules ignore nothing") {
  CHECK_FALSE(IgnoreRules().ignores("a", false));
  CHECK_FALSE(ignores_file("", "a"));
  CHECK_FALSE(ignores_file("\n\n   \n", "a"));
}

TEST_CASE("a mere name is ignored in every folder") {
  CHECK(ignores_file("*.log", "a.log"));
  CHECK(ignores_file("*.log", "x/y/a.log"));
  CHECK(ignores_file("build", "build"));
  CHECK(ignores_file("build", "x/build"));
  CHECK(ignores_file("build", "build/a/b.c"));
  CHECK_FALSE(ignores_file("build", "rebuild"));
}

TEST_CASE("a slash binds a pattern to its folder") {
  CHECK(ignores_file("/build", "build"));
  CHECK_FALSE(ignores_file("/build", "x/build"));
  CHECK(ignores_file("doc/frotz", "doc/frotz"));
  CHECK_FALSE(ignores_file("doc/frotz", "a/doc/frotz"));
  CHECK(ignores_folder("doc/frotz/", "doc/frotz"));
  CHECK_FALSE(ignores_folder("doc/frotz/", "a/doc/frotz"));
  CHECK(ignores_file("foo/*", "foo/test.json"));
  CHECK_FALSE(ignores_file("foo/*.json", "foo/bar/test.json"));
}

TEST_CASE("a slash at the end means folders, and what is in them") {
  CHECK(ignores_folder("frotz/", "frotz"));
  CHECK(ignores_folder("frotz/", "a/frotz"));
  CHECK_FALSE(ignores_file("frotz/", "frotz"));
  CHECK(ignores_file("frotz/", "frotz/x"));
  CHECK(ignores_file("frotz/", "a/frotz/b/x"));
  CHECK_FALSE(ignores_file("/\n//\n", "x"));
}

TEST_CASE("two asterisks between slashes are any number of folders") {
  CHECK(ignores_file("**/foo", "foo"));
  CHECK(ignores_file("**/foo", "a/b/foo"));
  CHECK(ignores_file("**/foo/bar", "x/foo/bar"));
  CHECK_FALSE(ignores_file("**/foo/bar", "x/foo/y/bar"));
  CHECK(ignores_file("abc/**", "abc/x/y"));
  CHECK_FALSE(ignores_folder("abc/**", "abc"));
  CHECK(ignores_file("a/**/b", "a/b"));
  CHECK(ignores_file("a/**/b", "a/x/y/b"));
}

TEST_CASE("asterisks elsewhere stay within a folder, however many they are") {
  CHECK_FALSE(ignores_file("/a**b", "a/x/b"));
  CHECK(ignores_file("/a**b", "axyb"));
  CHECK_FALSE(ignores_file("/a***/b", "a/x/b"));
}

TEST_CASE("the last rule that matches decides") {
  CHECK_FALSE(ignores_file("*.log\n!keep.log\n", "keep.log"));
  CHECK(ignores_file("*.log\n!keep.log\n", "other.log"));
  CHECK(ignores_file("!keep.log\n*.log\n", "keep.log"));
  CHECK_FALSE(ignores_file("!a\n", "a"));
}

TEST_CASE("nothing is taken back below an ignored folder") {
  CHECK(ignores_file("build/\n!build/keep\n", "build/keep"));
  CHECK_FALSE(ignores_file("build/*\n!build/keep\n", "build/keep"));
  CHECK(ignores_file("build/*\n!build/keep\n", "build/other"));
  const char* all_but_foo_bar = "/*\n!/foo\n/foo/*\n!/foo/bar\n";
  CHECK_FALSE(ignores_file(all_but_foo_bar, "foo/bar/x"));
  CHECK(ignores_file(all_but_foo_bar, "foo/x"));
  CHECK(ignores_file(all_but_foo_bar, "x"));
}

TEST_CASE("comments, and what looks like one") {
  CHECK_FALSE(ignores_file("# a", "# a"));
  CHECK_FALSE(ignores_file("#a", "#a"));
  CHECK(ignores_file("\\#a", "#a"));
  CHECK(ignores_file("\\!a", "!a"));
  CHECK(ignores_file("a#", "a#"));
  CHECK(ignores_file(" #a", " #a"));
}

TEST_CASE("blanks at the end do not count unless they are escaped") {
  CHECK(ignores_file("a   ", "a"));
  CHECK_FALSE(ignores_file("a   ", "a   "));
  CHECK(ignores_file("a\\ ", "a "));
  CHECK_FALSE(ignores_file("a\\ ", "a"));
  CHECK(ignores_file("a\\   ", "a "));
  CHECK(ignores_file("a\\\\ ", "a\\"));
  CHECK(ignores_file("a b", "a b"));
  CHECK(ignores_file(" a", " a"));
  CHECK_FALSE(ignores_file("a\t", "a"));
}

TEST_CASE("line ends of Windows, a byte order mark and a last line without an end") {
  CHECK(ignores_file("a\r\nb\r\n", "a"));
  CHECK(ignores_file("a\r\nb\r\n", "b"));
  CHECK(
      ignores_file("\xEF\xBB\xBF"
                   "a\n",
                   "a"));
  CHECK(ignores_file("a\nb", "b"));
}

TEST_CASE("brackets and backslashes work, braces are ordinary characters") {
  CHECK(ignores_file("*.py[cod]", "x.pyc"));
  CHECK_FALSE(ignores_file("*.py[cod]", "x.py"));
  CHECK(ignores_file("[!a]x", "bx"));
  CHECK(ignores_file("a\\*", "a*"));
  CHECK_FALSE(ignores_file("a\\*", "ab"));
  CHECK(ignores_file("{a,b}", "{a,b}"));
  CHECK_FALSE(ignores_file("{a,b}", "a"));
  CHECK(ignores_file("{*}", "{x}"));
  CHECK(ignores_file("[{]x", "{x"));
}

TEST_CASE("a file in a deeper folder binds to that folder and goes before those above it") {
  IgnoreRules both;
  both.add("", "*.log\n/top\n");
  both.add("app", "!*.log\n/cache\n");
  CHECK(both.ignores("a.log", false));
  CHECK_FALSE(both.ignores("app/a.log", false));
  CHECK_FALSE(both.ignores("app/deep/a.log", false));
  CHECK(both.ignores("apple/a.log", false));
  CHECK(both.ignores("app/cache", true));
  CHECK_FALSE(both.ignores("app/x/cache", true));
  CHECK_FALSE(both.ignores("cache", true));
  CHECK_FALSE(both.ignores("app/top", false));
  CHECK_FALSE(both.ignores("app", true));
}

TEST_CASE("a folder that ignores all that is in it is not ignored itself") {
  IgnoreRules environment;
  environment.add(".venv", "*\n");
  CHECK_FALSE(environment.ignores(".venv", true));
  CHECK(environment.ignores(".venv/bin", true));
  CHECK(environment.ignores(".venv/bin/python", false));
}
