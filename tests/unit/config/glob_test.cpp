#include "config/glob.hpp"

#include <catch2/catch.hpp>

using namespace devinit::config;

TEST_CASE("a pattern without special characters matches itself and nothing else") {
  CHECK(glob_matches("src/app.py", "src/app.py"));
  CHECK_FALSE(glob_matches("src/app.py", "src/app.pyc"));
  CHECK_FALSE(glob_matches("src/app.py", "x/src/app.py"));
  CHECK_FALSE(glob_matches("src", "src/app.py"));
  CHECK(glob_matches("", ""));
  CHECK_FALSE(glob_matches("", "a"));
}

TEST_CASE("one asterisk stays within a folder") {
  CHECK(glob_matches("*.log", "a.log"));
  CHECK(glob_matches("*.log", ".log"));
  CHECK(glob_matches("*", ".hidden"));
  CHECK_FALSE(glob_matches("*.log", "logs/a.log"));
  CHECK(glob_matches("logs/*/x", "logs/a/x"));
  CHECK_FALSE(glob_matches("logs/*/x", "logs/a/b/x"));
  CHECK_FALSE(glob_matches("logs/*/x", "logs/x"));
  CHECK(glob_matches("a*b*c", "aXXbYYc"));
  CHECK(glob_matches("a*b*c", "abbbc"));
  CHECK_FALSE(glob_matches("a*b*c", "aXXbYY"));
}

TEST_CASE("a question mark is one character, but no slash") {
  CHECK(glob_matches("a?c", "abc"));
  CHECK_FALSE(glob_matches("a?c", "ac"));
  CHECK_FALSE(glob_matches("a?c", "a/c"));
}

TEST_CASE("two asterisks cross folders") {
  CHECK(glob_matches("**/x.py", "x.py"));
  CHECK(glob_matches("**/x.py", "a/x.py"));
  CHECK(glob_matches("**/x.py", "a/b/c/x.py"));
  CHECK_FALSE(glob_matches("**/x.py", "ax.py"));
  CHECK_FALSE(glob_matches("**/x.py", "a/bx.py"));
  CHECK(glob_matches("a/**/b", "a/b"));
  CHECK(glob_matches("a/**/b", "a/x/b"));
  CHECK(glob_matches("a/**/b", "a/x/y/b"));
  CHECK_FALSE(glob_matches("a/**/b", "ab"));
  CHECK_FALSE(glob_matches("a/**/b", "a/xb"));
  CHECK_FALSE(glob_matches("a/**/b", "a/b/c"));
  CHECK(glob_matches("a/**", "a/x"));
  CHECK(glob_matches("a/**", "a/x/y"));
  CHECK_FALSE(glob_matches("a/**", "a"));
  CHECK_FALSE(glob_matches("a/**", "ab/x"));
  CHECK(glob_matches("**", "a"));
  CHECK(glob_matches("**", "a/b/c"));
  CHECK(glob_matches("**/*.py", "x.py"));
  CHECK(glob_matches("src/**/test_*.py", "src/a/b/test_x.py"));
  CHECK(glob_matches("a/**/b/**/c", "a/b/c"));
  CHECK(glob_matches("a/**/b/**/c", "a/1/b/2/3/c"));
}

TEST_CASE("brackets hold letters, ranges, classes and their opposite") {
  CHECK(glob_matches("[abc]", "b"));
  CHECK_FALSE(glob_matches("[abc]", "d"));
  CHECK(glob_matches("[a-c]x", "bx"));
  CHECK_FALSE(glob_matches("[a-c]x", "dx"));
  CHECK(glob_matches("[!a-c]", "d"));
  CHECK(glob_matches("[^a-c]", "d"));
  CHECK_FALSE(glob_matches("[!a-c]", "b"));
  CHECK_FALSE(glob_matches("x[!a]y", "x/y"));
  CHECK(glob_matches("[]]", "]"));
  CHECK(glob_matches("[!]]", "a"));
  CHECK_FALSE(glob_matches("[!]]", "]"));
  CHECK(glob_matches("[a-]", "-"));
  CHECK(glob_matches("[-a]", "-"));
  CHECK(glob_matches("[\\]]", "]"));
  CHECK(glob_matches("[[:digit:]x]*", "7up"));
  CHECK(glob_matches("[[:digit:]x]*", "xup"));
  CHECK_FALSE(glob_matches("[[:digit:]x]*", "up"));
  CHECK_FALSE(glob_matches("[[:none:]]", "n"));
  CHECK(glob_matches("[*?]", "*"));
  CHECK_FALSE(glob_matches("[*?]", "x"));
}

TEST_CASE("a bracket or brace without its end stands for itself") {
  CHECK(glob_matches("[abc", "[abc"));
  CHECK_FALSE(glob_matches("[abc", "a"));
  CHECK(glob_matches("{abc", "{abc"));
  CHECK(glob_matches("a}*", "a}b"));
  CHECK(glob_matches("a,*", "a,b"));
}

TEST_CASE("braces are alternatives, also within each other") {
  CHECK(glob_matches("*.{py,toml}", "a.py"));
  CHECK(glob_matches("*.{py,toml}", "a.toml"));
  CHECK_FALSE(glob_matches("*.{py,toml}", "a.pytoml"));
  CHECK_FALSE(glob_matches("*.{py,toml}", "a."));
  CHECK(glob_matches("{a,b{c,d}e}f", "af"));
  CHECK(glob_matches("{a,b{c,d}e}f", "bdef"));
  CHECK_FALSE(glob_matches("{a,b{c,d}e}f", "bf"));
  CHECK(glob_matches("a{,b}", "a"));
  CHECK(glob_matches("a{,b}", "ab"));
  CHECK(glob_matches("{src,test}/**", "test/x/y"));
  CHECK(glob_matches("{**/,}x", "a/x"));
  CHECK(glob_matches("{a\\,b,c}", "a,b"));
  CHECK(glob_matches("{[,],x}y", ",y"));
}

TEST_CASE("a backslash takes the next character as it is") {
  CHECK(glob_matches("a\\*b", "a*b"));
  CHECK_FALSE(glob_matches("a\\*b", "axb"));
  CHECK(glob_matches("\\[x]", "[x]"));
  CHECK(glob_matches("\\{a,b}", "{a,b}"));
  CHECK(glob_matches("a\\\\b", "a\\b"));
  CHECK(glob_matches("a\\", "a\\"));
}

TEST_CASE("hostile patterns take no longer than pattern times path") {
  std::string stars;
  std::string braces;
  for (int i = 0; i < 200; ++i) {
    stars += "*a";
    braces += "{a,aa}";
  }
  CHECK_FALSE(glob_matches(stars + "b", std::string(1000, 'a')));
  CHECK_FALSE(glob_matches(braces + "b", std::string(300, 'a')));
  CHECK(glob_matches(braces, std::string(300, 'a')));
  CHECK_FALSE(glob_matches("**/**/**/**/**/**/**/b", "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"));
  CHECK_FALSE(glob_matches(std::string(5000, '*'), "a"));
  CHECK_FALSE(glob_matches(std::string(4096, '{'), "a"));
}

TEST_CASE("what is never closed in a pattern is found") {
  for (const char* pattern : {"[", "a/[b", "[]", "[!]", "{[}]", "x[a-"}) {
    CAPTURE(pattern);
    CHECK(find_unclosed(pattern) == (pattern == std::string("{[}]") ? '{' : '['));
  }
  CHECK(find_unclosed("{a,{b}") == '{');
  for (const char* pattern : {"", "a", "[a]", "[]]", "[[:digit:]]", "{a,b}", "{a,{b,c}}", "\\[", "\\{", "]", "}", "[{]"}) {
    CAPTURE(pattern);
    CHECK_FALSE(find_unclosed(pattern));
  }
}

TEST_CASE("the base of a pattern is what a search begins with") {
  CHECK(glob_base("src/**/x.py") == "src");
  CHECK(glob_base("src/app/x?.py") == "src/app");
  CHECK(glob_base("src/x.py") == "src");
  CHECK(glob_base("x.py") == "");
  CHECK(glob_base("*.py") == "");
  CHECK(glob_base("a/b{c,d}/e") == "a");
  CHECK(glob_base("a/[b]/c") == "a");
  CHECK(glob_base("a/\\*/c") == "a");
  CHECK(glob_base("") == "");
}
