# What every target is compiled with; targets link it, nothing is set globally.
add_library(hugepage_shim_options INTERFACE)
target_compile_features(hugepage_shim_options INTERFACE cxx_std_20)
# Where several files are compiled as one, one's names may hide another's. The compiler then takes a tenth less time if it keeps up to 1 GiB
# rather than looking for what it may forget.
target_compile_options(hugepage_shim_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow$<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:=local> -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  $<$<BOOL:${HUGEPAGE_SHIM_WERROR}>:-Werror>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:--param=ggc-min-heapsize=1048576>
  # g++ 12 takes "text" + std::string for copies that overlap (its bug 105329).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
# Where indirect jumps may land is marked; scripts/check-built.sh looks at what became of it.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  target_compile_options(hugepage_shim_options INTERFACE -fcf-protection=full)
endif()
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH hugepage_shim_root)
target_include_directories(hugepage_shim_options INTERFACE ${hugepage_shim_root})
# No path of the build is in what is built, so that the same source gives the same file; and ccache finds what it compiled before.
target_compile_options(hugepage_shim_options INTERFACE $<$<CONFIG:Release>:-ffile-prefix-map=${hugepage_shim_root}=.>)
if(HUGEPAGE_SHIM_SANITIZE)
  target_compile_options(hugepage_shim_options INTERFACE
    -fsanitize=${HUGEPAGE_SHIM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(hugepage_shim_options INTERFACE -fsanitize=${HUGEPAGE_SHIM_SANITIZE})
  target_compile_definitions(hugepage_shim_options INTERFACE HUGEPAGE_SHIM_SANITIZED)
endif()
# The sanitizer's runtime as a library: what a sanitized shim needs loaded before it.
set(sanitizer_runtime "")
if(HUGEPAGE_SHIM_SANITIZE AND NOT HUGEPAGE_SHIM_SANITIZE MATCHES "fuzzer")
  if(HUGEPAGE_SHIM_SANITIZE MATCHES "thread")
    set(runtime tsan)
  else()
    set(runtime asan)
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    set(file libclang_rt.${runtime}-${CMAKE_SYSTEM_PROCESSOR}.so)
  else()
    set(file lib${runtime}.so)
  endif()
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${file} OUTPUT_VARIABLE sanitizer_runtime OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    cmake_path(GET sanitizer_runtime PARENT_PATH folder)
    target_link_options(hugepage_shim_options INTERFACE -shared-libsan LINKER:-rpath,${folder})
  endif()
endif()

# With what it depends on from the compiler itself, so that a miss costs next to nothing. A clone elsewhere finds what has no path in it.
find_program(HUGEPAGE_SHIM_CCACHE ccache)
if(HUGEPAGE_SHIM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_DEPEND=1 CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${hugepage_shim_root} ${HUGEPAGE_SHIM_CCACHE})
endif()
