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

# devinit_embed_folder(TARGET HEADER TYPE NAMESPACE NAME FOLDER): compiles every file below a folder into the program, as
# `std::span<const TYPE> NAMESPACE::NAME()`, sorted by path. HEADER declares both; TYPE is {path, content}. Files that come or go are noticed
# at the next build, a file that changes rebuilds its object.
function(devinit_embed_folder target header type namespace name folder)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE "${folder}" "${folder}/*")
  list(SORT files)
  set(data "")
  set(declarations "")
  set(rows "")
  set(paths "")
  set(index 0)
  foreach(file IN LISTS files)
    set(symbol "embedded_${name}_${index}")
    string(APPEND data "        \".global ${symbol}\\n${symbol}:\\n.incbin \\\"${folder}/${file}\\\"\\n\"\n"
                       "        \".global ${symbol}_end\\n${symbol}_end:\\n.byte 0\\n\"\n")
    string(APPEND declarations "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    string(APPEND rows "      {\"${file}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
    list(APPEND paths "${folder}/${file}")
    math(EXPR index "${index} + 1")
  endforeach()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT [[
#include "@header@"
__asm__(".section .rodata\n"
@data@        ".previous\n");
@declarations@
namespace @namespace@ {
std::span<const @type@> @name@() noexcept {
  static const @type@ kFiles[] = {
@rows@  };
  return kFiles;
}
}
]] @ONLY)
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE "${source}")
endfunction()
