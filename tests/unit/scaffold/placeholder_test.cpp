#include "scaffold/placeholder.hpp"

#include <catch2/catch.hpp>

using namespace devinit::scaffold;

namespace {

std::string filled(std::string_view text) {
  return fill(text, [](std::string_view name) -> std::optional<std::string> {
    if (name == "port") return "5001";
    if (name == "model") return "a {{port}} b";
    if (name == "empty") return "";
    return std::nullopt;
  });
}

}  // namespace

TEST_CASE("placeholders are replaced, with blanks inside or without") {
  CHECK(filled("{{port}}") == "5001");
  CHECK(filled("a {{ port }} b {{\tport}} c") == "a 5001 b 5001 c");
  CHECK(filled("{{empty}}{{port}}{{empty}}") == "5001");
  CHECK(filled("") == "");
}

TEST_CASE("a value is not read again") { CHECK(filled("{{model}}") == "a {{port}} b"); }

TEST_CASE("what is no placeholder survives") {
  const std::string text =
      GENERATE(as<std::string>(), "{{ user.name }}", "${{ secrets.TOKEN }}", "${{port}}", "style={{ color: 'red' }}",
               "{{.Names}}", "{{#if port}}", "{{/if}}", "{{ port | default }}", "{{}}", "{{ }}", "{{1port}}", "{{po rt}}",
               "{{port}", "{port}}", "{{port", "{{\nport\n}}", "{% port %}", "{{{{", "}}}}");
  CHECK(filled(text) == text);
}

TEST_CASE("an unknown name is kept by the filling and found by the search") {
  CHECK(filled("{{prot}}") == "{{prot}}");
  const auto found = next_placeholder("ab {{ prot }} c", 0);
  REQUIRE(found);
  CHECK(found->name == "prot");
  CHECK(found->offset == 3);
  CHECK(found->length == 10);
}

TEST_CASE("doubled braces stand for the text of a placeholder") {
  CHECK(filled("{{{{port}}}}") == "{{port}}");
  CHECK(filled("{{{{ anything }}}}") == "{{ anything }}");
  CHECK(filled("{{{{{port}}}}}") == "{{{port}}}");
}

TEST_CASE("of further braces the innermost count") {
  CHECK(filled("<A port={{{port}}} />") == "<A port={5001} />");
  CHECK(filled(R"({"backend":{"port":{{port}}}})") == R"({"backend":{"port":5001}})");
  CHECK(filled("`${{{port}}}`") == "`${5001}`");
}
