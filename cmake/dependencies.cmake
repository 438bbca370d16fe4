# A Boost unpacked beside the build (see scripts/) is found through CMAKE_PREFIX_PATH; headers are all that is needed.
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(Threads REQUIRED)

# Dependencies' headers are not ours to warn about.
add_library(devinit_boost INTERFACE)
target_include_directories(devinit_boost SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(devinit_boost INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                           BOOST_ASIO_NO_DEPRECATED BOOST_ERROR_CODE_HEADER_ONLY)
add_library(devinit_json INTERFACE)
target_link_libraries(devinit_json INTERFACE nlohmann_json::nlohmann_json)

# SQLite is linked in where the distribution has the archive: nothing to load at start, and one version for all machines.
find_path(SQLITE_INCLUDE_DIR sqlite3.h REQUIRED)
find_library(SQLITE_LIBRARY NAMES libsqlite3.a sqlite3 REQUIRED)
add_library(devinit_sqlite INTERFACE)
target_include_directories(devinit_sqlite SYSTEM INTERFACE ${SQLITE_INCLUDE_DIR})
target_link_libraries(devinit_sqlite INTERFACE ${SQLITE_LIBRARY} ${CMAKE_DL_LIBS} Threads::Threads m)

find_path(LIBPQ_INCLUDE_DIR libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)
add_library(devinit_libpq_header INTERFACE)
target_include_directories(devinit_libpq_header SYSTEM INTERFACE ${LIBPQ_INCLUDE_DIR})
