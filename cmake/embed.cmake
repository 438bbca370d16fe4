# devinit_embed(TARGET NAMESPACE NAME FILE): compiles a file into the program as `std::string_view NAMESPACE::NAME()`.
function(devinit_embed target namespace name file)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.cpp")
  set(assembly "${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.incbin.S")
  get_filename_component(path "${file}" ABSOLUTE)
  file(CONFIGURE OUTPUT "${source}" CONTENT [[
#include <string_view>
__asm__(".section .rodata\n.balign 16\n.global embedded_@name@\nembedded_@name@:\n.incbin \"@path@\"\n"
        ".global embedded_@name@_end\nembedded_@name@_end:\n.byte 0\n.previous\n");
extern "C" const char embedded_@name@[];
extern "C" const char embedded_@name@_end[];
namespace @namespace@ {
std::string_view @name@() noexcept;
std::string_view @name@() noexcept {
  return {embedded_@name@, static_cast<std::size_t>(embedded_@name@_end - embedded_@name@)};
}
}
]] @ONLY)
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${path}")
  target_sources(${target} PRIVATE "${source}")
endfunction()
