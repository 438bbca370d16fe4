#include "base/utf8.hpp"

#include <catch2/catch.hpp>

using devinit::append_utf8;
using devinit::decode_utf8;

TEST_CASE("a code point comes with its value and its length") {
  const auto [text, value] = GENERATE(table<std::string, char32_t>({{std::string(1, '\0'), 0},
                                                                    {"\x7F", 0x7F},
                                                                    {"\xC2\x80", 0x80},
                                                                    {"\xDF\xBF", 0x7FF},
                                                                    {"\xE0\xA0\x80", 0x800},
                                                                    {"\xED\x9F\xBF", 0xD7FF},
                                                                    {"\xEE\x80\x80", 0xE000},
                                                                    {"\xEF\xBF\xBF", 0xFFFF},
                                                                    {"\xF0\x90\x80\x80", 0x10000},
                                                                    {"\xF4\x8F\xBF\xBF", 0x10FFFF}}));
  CAPTURE(value);
  const auto point = decode_utf8("a" + text + "a", 1);
  REQUIRE(point);
  CHECK(point->value == value);
  CHECK(point->length == text.size());
  std::string written;
  append_utf8(written, value);
  CHECK(written == text);
}

TEST_CASE("bytes that are not UTF-8 are no code point") {
  const std::string text = GENERATE(as<std::string>(), "\x80", "\xBF", "\xFE", "\xFF",           // no first bytes
                                    "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",  // longer than need be
                                    "\xED\xA0\x80", "\xED\xBF\xBF",                              // surrogates
                                    "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",                      // above U+10FFFF
                                    "\xC3(", "\xE2\x82(", "\xE2(\xAC", "\xF0\x9F\x9A(");         // no continuation
  CHECK_FALSE(decode_utf8(text, 0));
}

TEST_CASE("a code point that the text ends in is none") {
  const std::string text = GENERATE(as<std::string>(), "\xC3", "\xE2", "\xE2\x82", "\xF0", "\xF0\x9F", "\xF0\x9F\x9A");
  CHECK_FALSE(decode_utf8(text, 0));
  CHECK_FALSE(decode_utf8("ab" + text, 2));
}
