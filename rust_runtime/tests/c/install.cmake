# The installed library, used by the example as a stranger would: find_package shared and static, then pkg-config.
set(prefix "${BUILD}/installed")
set(example "${BUILD}/example")
file(REMOVE_RECURSE "${prefix}" "${example}")
unset(ENV{DESTDIR})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ${status}\n${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

function(check_answer)
  run(${ARGN} "${MODELS}" is_question "今天天气怎么样")
  if(NOT out MATCHES "^Question\t[01][.0-9]*\taccepted\t今天天气怎么样\n    [-.0-9]+\t")
    message(FATAL_ERROR "${ARGN} said: ${out}")
  endif()
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}.first")
file(REMOVE_RECURSE "${prefix}")
file(RENAME "${prefix}.first" "${prefix}") # what is installed can be moved
foreach(static OFF ON)
  run("${CMAKE_COMMAND}" -S "${SOURCE}/examples/cpp" -B "${example}/${static}" "-DCMAKE_PREFIX_PATH=${prefix}"
    "-DCMAKE_CXX_COMPILER=${CXX}" -DSTATIC_CEREBELLUM=${static})
  run("${CMAKE_COMMAND}" --build "${example}/${static}")
  check_answer("${example}/${static}/ask")
endforeach()
execute_process(COMMAND "${example}/OFF/ask" nowhere mood RESULT_VARIABLE status ERROR_VARIABLE said)
if(NOT status EQUAL 1 OR NOT said MATCHES "^MissingPart: ")
  message(FATAL_ERROR "a missing model: ${status} ${said}")
endif()

# A text that is none does not end a stream.
execute_process(COMMAND printf "ok\\n\\377\\nok\\n" OUTPUT_FILE "${example}/lines")
execute_process(COMMAND "${example}/OFF/ask" "${MODELS}" is_question INPUT_FILE "${example}/lines"
  RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE said)
if(NOT status EQUAL 1 OR NOT said MATCHES "^InvalidText: " OR NOT out MATCHES "\tok\n.*\tok\n")
  message(FATAL_ERROR "a text that is not UTF-8: ${status} ${out} ${said}")
endif()

# An older C++ is told what it needs; a project in C alone links too; a project that adds this one installs what it wants.
file(WRITE "${example}/old.cpp" "#include <cerebellum.hpp>\nint main() {}\n")
execute_process(COMMAND "${CXX}" -std=c++14 "-I${prefix}/include" -c "${example}/old.cpp" -o "${example}/old.o"
  RESULT_VARIABLE status ERROR_VARIABLE said)
if(status EQUAL 0 OR NOT said MATCHES "needs C\\+\\+17")
  message(FATAL_ERROR "C++14 said: ${status} ${said}")
endif()
set(program "#include <cerebellum.h>\n#include <stdio.h>\n#include <string.h>
int main(int count, char **arguments) {
    cerebellum_model *model = NULL;
    if (count < 2 || cerebellum_model_load(arguments[1], strlen(arguments[1]), \"mood\", 4, &model) != CEREBELLUM_OK)
        puts(cerebellum_last_error());
    cerebellum_model_free(model);
    return 0;
}\n")
file(WRITE "${example}/c/main.c" "${program}")
file(WRITE "${example}/c/CMakeLists.txt" "cmake_minimum_required(VERSION 3.16)\nproject(main LANGUAGES C)
find_package(cerebellum REQUIRED)\nadd_executable(main main.c)\ntarget_link_libraries(main cerebellum::cerebellum_static)\n")
run("${CMAKE_COMMAND}" -S "${example}/c" -B "${example}/c/build" "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_C_COMPILER=${CC}")
run("${CMAKE_COMMAND}" --build "${example}/c/build")
run("${example}/c/build/main" nowhere)
if(NOT out MATCHES "^nowhere/mood_preprocessor.bin: no such file")
  message(FATAL_ERROR "C said: ${out}")
endif()
file(WRITE "${example}/in/main.c" "${program}")
file(WRITE "${example}/in/CMakeLists.txt" "cmake_minimum_required(VERSION 3.16)\nproject(main LANGUAGES C CXX)
add_subdirectory(\"${SOURCE}\" cerebellum)\nadd_executable(main main.c)
target_link_libraries(main cerebellum::cerebellum_static)\ninstall(TARGETS main)\n")
run("${CMAKE_COMMAND}" -S "${example}/in" -B "${example}/in/build" "-DCMAKE_C_COMPILER=${CC}"
  "-DCEREBELLUM_CARGO_TARGET_DIR=${CARGO_TARGET}")
run("${CMAKE_COMMAND}" --build "${example}/in/build")
run("${CMAKE_COMMAND}" --install "${example}/in/build" --prefix "${example}/in/installed")
file(GLOB_RECURSE installed RELATIVE "${example}/in/installed" "${example}/in/installed/*")
if(NOT installed STREQUAL "bin/main")
  message(FATAL_ERROR "a project that adds this one installed: ${installed}")
endif()

find_program(PKG_CONFIG pkg-config)
if(NOT PKG_CONFIG)
  message(STATUS "no pkg-config here: cerebellum.pc is not tried")
  return()
endif()
set(ENV{PKG_CONFIG_PATH} "${prefix}/${LIBDIR}/pkgconfig")
run("${PKG_CONFIG}" --cflags --libs cerebellum)
separate_arguments(flags UNIX_COMMAND "${out}")
run("${CXX}" -std=c++17 "${SOURCE}/examples/cpp/ask.cpp" -o "${example}/by_pkg_config" ${flags})
set(ENV{LD_LIBRARY_PATH} "${prefix}/${LIBDIR}")
set(ENV{DYLD_LIBRARY_PATH} "${prefix}/${LIBDIR}")
check_answer("${example}/by_pkg_config")

# Without any shared library, where the system has a static libc.
file(WRITE "${example}/empty.c" "int main(void) { return 0; }\n")
execute_process(COMMAND "${CC}" -static "${example}/empty.c" -lm -o "${example}/empty" RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
if(NOT status EQUAL 0)
  message(STATUS "no static libc here: -static is not tried")
  return()
endif()
run("${PKG_CONFIG}" --static --cflags --libs cerebellum)
separate_arguments(flags UNIX_COMMAND "${out}")
run("${CC}" -static "${example}/c/main.c" -o "${example}/static_c" ${flags})
run("${CXX}" -static -std=c++17 "${SOURCE}/examples/cpp/ask.cpp" -o "${example}/static_cpp" ${flags})
run("${example}/static_c" nowhere)
if(NOT out MATCHES "^nowhere/mood_preprocessor.bin: no such file")
  message(FATAL_ERROR "static C said: ${out}")
endif()
unset(ENV{LD_LIBRARY_PATH})
check_answer("${example}/static_cpp")
