# Test suites. Each has a kind, which says what it is about, and a tier, which says when it runs; both are labels of ctest:
#
#   fast      at every change, in minutes: unit, preload and command-line tests, on real huge pages too
#   full      before a change is handed in: a storm, machines of two nodes, other programs, the package
#   nightly   what takes long or needs much: other machines, 1 GiB pages, fresh systems, minutes of storm and load
#
# scripts/test.sh runs a tier and those before it.
include(GoogleTest)

# What each tier's tests need built: its own, and that of the tiers before it. Unit tests are apart: they may be left out.
add_custom_target(tests_unit ALL)
add_custom_target(tests_fast)
add_custom_target(tests_full)
add_custom_target(tests_nightly ALL)
add_dependencies(tests_full tests_fast)
add_dependencies(tests_nightly tests_full)

# set_suite(KIND TIER TEST...): for tests made by add_test. What they run must be among what the tier has built (NEEDS target...).
function(set_suite kind tier)
  cmake_parse_arguments(arg "" "" "NEEDS" ${ARGN})
  if(NOT TARGET tests_${tier})
    message(FATAL_ERROR "No tier ${tier}: ${ARGN}")
  endif()
  set_tests_properties(${arg_UNPARSED_ARGUMENTS} PROPERTIES LABELS "${kind};${tier}")
  if(kind STREQUAL "unit")
    set(tier unit)
  endif()
  if(arg_NEEDS)
    add_dependencies(tests_${tier} ${arg_NEEDS})
  endif()
endfunction()

# Tests that take huge pages take turns: each adds what it needs to the machine's. There are two turns to wait for, so that two tests
# run at a time. A test that looks at the machine's counters, or uses pages that are free, waits for both.
set(all_huge_pages "huge_pages;more_huge_pages")

# add_suite(PROGRAM KIND TIER [ALONE] [LOCK huge_pages|more_huge_pages] [FIXTURE NAME] [arguments of gtest_discover_tests]): the tests of a GoogleTest
# program. Without LOCK, those of kind hugetlb wait for huge_pages. ALONE: nothing runs beside them, and each may take half an hour.
function(add_suite program kind tier)
  # By PARSE_ARGV, since LOCK may be a list of both.
  cmake_parse_arguments(PARSE_ARGV 3 arg "ALONE" "LOCK;FIXTURE" "")
  if(kind STREQUAL "unit")
    add_dependencies(tests_unit ${program})
  else()
    add_dependencies(tests_${tier} ${program})
  endif()
  set(tests ${program}_${kind}_${tier})
  set(properties "TIMEOUT 600")
  if(arg_ALONE)
    set(properties "TIMEOUT 1800 RUN_SERIAL TRUE")
  endif()
  if(arg_LOCK OR kind STREQUAL "hugetlb")
    if(NOT arg_LOCK)
      set(arg_LOCK huge_pages)
    endif()
    string(APPEND properties " RESOURCE_LOCK \"${arg_LOCK}\"")
  endif()
  if(arg_FIXTURE)
    string(APPEND properties " FIXTURES_REQUIRED ${arg_FIXTURE}")
  endif()
  gtest_discover_tests(${program} DISCOVERY_TIMEOUT 60 TEST_LIST ${tests} ${arg_UNPARSED_ARGUMENTS})
  # gtest_discover_tests can't give a test two labels, or locks. ctest reads this after the list of tests, which is empty where it isn't built.
  set(labels ${CMAKE_CURRENT_BINARY_DIR}/${tests}_labels.cmake)
  file(WRITE ${labels}
    "if(${tests})\n  set_tests_properties(\${${tests}} PROPERTIES LABELS \"${kind};${tier}\" ${properties})\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels})
endfunction()

# Every .cpp below the folder is a source of some target: a test that isn't built is never missed. To be called last.
function(expect_all_are_built folder)
  function(sources_of folder result)
    set(sources)
    get_directory_property(targets DIRECTORY ${folder} BUILDSYSTEM_TARGETS)
    foreach(target ${targets})
      get_target_property(of_target ${target} SOURCES)
      foreach(source ${of_target})
        get_filename_component(source "${source}" ABSOLUTE BASE_DIR ${folder})
        list(APPEND sources ${source})
      endforeach()
    endforeach()
    get_directory_property(folders DIRECTORY ${folder} SUBDIRECTORIES)
    foreach(subfolder ${folders})
      sources_of(${subfolder} more)
      list(APPEND sources ${more})
    endforeach()
    set(${result} ${sources} PARENT_SCOPE)
  endfunction()
  sources_of(${folder} built)
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${folder}/*.cpp)
  list(REMOVE_ITEM all ${built})
  if(all)
    list(JOIN all "\n  " missing)
    message(FATAL_ERROR "No target has these:\n  ${missing}")
  endif()
endfunction()
