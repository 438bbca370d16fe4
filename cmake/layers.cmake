# One static library per folder under src/; the include rules between them are checked by the test `layering`.
function(devinit_layer name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(devinit_${name} STATIC ${sources})
  target_include_directories(devinit_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(devinit_${name} PUBLIC devinit_boost ${ARGN})
endfunction()

devinit_layer(base)
devinit_layer(config devinit_base devinit_json)
devinit_embed(devinit_config devinit::config presets_json ${PROJECT_SOURCE_DIR}/config/presets.json)
devinit_embed(devinit_config devinit::config schema_json ${PROJECT_SOURCE_DIR}/config/devinit.schema.json)
devinit_embed(devinit_config devinit::config user_config_schema_json ${PROJECT_SOURCE_DIR}/config/user-config.schema.json)
devinit_embed(devinit_config devinit::config shared_daemons_txt ${PROJECT_SOURCE_DIR}/config/shared_daemons.txt)
devinit_embed(devinit_config devinit::config run_flags_json ${PROJECT_SOURCE_DIR}/config/run_flags.json)
devinit_layer(os devinit_base)
devinit_layer(project devinit_base devinit_config devinit_os)
devinit_layer(engine devinit_base devinit_config)
devinit_layer(ports devinit_base devinit_os)
# SQLite is linked in; libpq's header gives its types, the library itself is loaded at first use.
devinit_layer(registry devinit_base devinit_os)
target_link_libraries(devinit_registry PRIVATE devinit_sqlite devinit_libpq_header)
devinit_layer(scaffold devinit_base devinit_config devinit_os devinit_registry)
devinit_embed_folder(devinit_scaffold scaffold/embedded.hpp devinit::scaffold::EmbeddedFile devinit::scaffold template_files
                     ${PROJECT_SOURCE_DIR}/templates)
devinit_layer(api devinit_base devinit_os devinit_engine devinit_json Threads::Threads)

# The parent of one service: a separate small static program, carried inside the product.
file(GLOB guardian_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/guardian/*.cpp)
add_executable(guardian ${guardian_sources})
target_include_directories(guardian PRIVATE ${PROJECT_SOURCE_DIR}/src)
set_target_properties(guardian PROPERTIES OUTPUT_NAME svguard)
# No C library: see src/guardian/syscalls.hpp.
target_compile_options(guardian PRIVATE -Os -ffreestanding -fno-stack-protector -fno-exceptions -fno-rtti -fno-threadsafe-statics
                       -fno-asynchronous-unwind-tables -fno-sanitize=all -U_FORTIFY_SOURCE)
set_target_properties(guardian PROPERTIES LINK_OPTIONS "")
target_link_options(guardian PRIVATE -nostdlib -static -fno-sanitize=all -Wl,--gc-sections -Wl,--build-id=none -s)

devinit_layer(supervisor devinit_base devinit_config devinit_os devinit_project devinit_engine devinit_ports devinit_api)
devinit_embed(devinit_supervisor devinit::supervisor guardian_image ${CMAKE_CURRENT_BINARY_DIR}/svguard)
add_dependencies(devinit_supervisor guardian)
devinit_layer(cli devinit_base devinit_config devinit_os devinit_project devinit_engine devinit_ports devinit_registry devinit_scaffold devinit_api)
target_link_libraries(devinit_cli PRIVATE CLI11::CLI11)
target_compile_definitions(devinit_cli PRIVATE DEVINIT_VERSION="${PROJECT_VERSION}")

add_executable(devinit ${PROJECT_SOURCE_DIR}/src/main.cpp)
target_link_libraries(devinit PRIVATE devinit_cli devinit_supervisor)
