#include "scaffold/rendering.hpp"

#include <catch2/catch.hpp>

using namespace devinit;
using namespace devinit::scaffold;

namespace {

using Kind = os::TreeEntry::Kind;

AppValues values() { return {"gpt-5-app3", "gpt-5", 3, 5005, 8005, {{"TITLE", "My app"}}}; }

TemplateEntry file(const std::string& path, const std::string& content) {
  TemplateEntry entry;
  entry.path = path;
  entry.content = content;
  if (!is_text(content)) entry.how = TemplateEntry::Content::verbatim;
  return entry;
}

Template with(std::vector<TemplateEntry> entries) {
  Template made;
  made.shown = "tmpl";
  made.entries = std::move(entries);
  return made;
}

std::string content_of(const std::vector<AppEntry>& entries, const std::string& path) {
  for (const auto& entry : entries) {
    if (entry.path == path) return entry.bytes();
  }
  return "(no " + path + ")";
}

std::string mistakes_of(const Template& source) {
  const auto checked = check_placeholders(source, values());
  REQUIRE(checked.has_error());
  CHECK(checked.error().code == Errc::config);
  return checked.error().message;
}

}  // namespace

TEST_CASE("names and texts get their values, and the port is that of the side") {
  const auto source = with({file("{{model}}.txt", "{{PROJECT_NAME}} {{app_num}} {{TITLE}}"), file("backend/a", "{{port}}"),
                            file("frontend/a", "{{ port }}"), file("both", "{{backend_port}} {{frontend_port}}")});
  const auto entries = render(source, values());
  REQUIRE(entries.has_value());
  CHECK(content_of(*entries, "gpt-5.txt") == "gpt-5-app3 3 My app");
  CHECK(content_of(*entries, "backend/a") == "5005");
  CHECK(content_of(*entries, "frontend/a") == "8005");
  CHECK(content_of(*entries, "both") == "5005 8005");
}

TEST_CASE("binary files stay byte for byte") {
  const std::string binary = std::string("{{port}}\0{{model}}", 18);
  const auto source = with({file("logo.png", binary), file("latin1", "caf\xE9 {{model}} {{unknown}}")});
  CHECK(check_placeholders(source, values()).has_value());
  const auto entries = render(source, values());
  REQUIRE(entries.has_value());
  CHECK(content_of(*entries, "logo.png") == binary);
  CHECK(content_of(*entries, "latin1") == "caf\xE9 {{model}} {{unknown}}");
}

TEST_CASE("every unknown placeholder is listed with its place") {
  const auto message = mistakes_of(with(
      {file("a", "x\n {{prot}} {{backend_port}} {{other}}\n"), file("{{nothing}}/b", "{{model}}"), file("c", "{{port}}")}));
  CHECK(message.find("tmpl/a:2:2: unknown placeholder {{prot}} (did you mean {{port}}?)") != std::string::npos);
  CHECK(message.find("tmpl/a:2:28: unknown placeholder {{other}}") != std::string::npos);
  CHECK(message.find("tmpl/{{nothing}}/b: unknown placeholder {{nothing}} in its name") != std::string::npos);
  CHECK(message.find("tmpl/c:1:1: {{port}} has no meaning here") != std::string::npos);
}

TEST_CASE("names are exactly as written: another case is unknown") {
  CHECK(mistakes_of(with({file("a", "{{project_name}}")})).find("did you mean {{PROJECT_NAME}}?") == std::string::npos);
  CHECK(mistakes_of(with({file("a", "{{Model}}")})).find("did you mean {{model}}?") != std::string::npos);
}

TEST_CASE("a value cannot lead out of the folder by a file's name") {
  const std::string value = GENERATE(as<std::string>(), "../x", "..", ".", "", "a/b", "a\nb", std::string(256, 'x'));
  auto all = values();
  all.set = {{"TITLE", value}};
  const auto entries = render(with({file("folder/{{TITLE}}", "")}), all);
  REQUIRE(entries.has_error());
  CHECK(entries.error().code == Errc::usage);
  CHECK(entries.error().message.find("tmpl/folder/{{TITLE}}: cannot be called") != std::string::npos);
}

TEST_CASE("two files cannot get one name") {
  const auto entries = render(with({file("gpt-5", ""), file("{{model}}", "")}), values());
  REQUIRE(entries.has_error());
  CHECK(entries.error().message.find("gets the same name as another file") != std::string::npos);
}

TEST_CASE("a link's target is filled as a name is") {
  TemplateEntry link;
  link.path = "current";
  link.kind = Kind::link;
  link.target = "../{{model}}/x";
  const auto entries = render(with({link}), values());
  REQUIRE(entries.has_value());
  CHECK(entries->front().target == "../gpt-5/x");
}

TEST_CASE(".env is made from .env.example, with the app's variables") {
  const auto source = with({file(".env.example", "# mine\nBACKEND_PORT=1\nSECRET=\n"), file("backend/.env.example", "PORT=1\n"),
                            file("own/.env.example", "A=1\n"), file("own/.env", "A=2\n")});
  const auto entries = render(source, values());
  REQUIRE(entries.has_value());
  CHECK(content_of(*entries, ".env") ==
        "# mine\nBACKEND_PORT=5005\nSECRET=\nPROJECT_NAME=gpt-5-app3\nCOMPOSE_PROJECT_NAME=gpt-5-app3\nFRONTEND_PORT=8005\n");
  CHECK(content_of(*entries, ".env.example") == "# mine\nBACKEND_PORT=1\nSECRET=\n");
  CHECK(content_of(*entries, "backend/.env") == "PORT=5005\n");
  CHECK(content_of(*entries, "own/.env") == "A=2\n");
}

TEST_CASE("a name of --set that nothing asks for is told") {
  auto all = values();
  all.set.emplace_back("COLOR", "red");
  CHECK(unused_names(with({file("a", "{{TITLE}}")}), all) == std::vector<std::string>{"COLOR"});
}
