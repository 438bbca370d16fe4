# Warnings are errors; a switch over an enum names every value, so that the state tables are checked by the compiler.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wold-style-cast
                    -Werror=switch-enum -Werror)
find_program(DEVINIT_CCACHE ccache)
if(DEVINIT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DEVINIT_CCACHE})
endif()
find_program(DEVINIT_LLD ld.lld)
if(DEVINIT_LLD)
  add_link_options(-fuse-ld=lld)
endif()
if(DEVINIT_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
else()
  # One file for every machine with the same or a newer glibc.
  add_link_options(-static-libstdc++ -static-libgcc)
endif()
