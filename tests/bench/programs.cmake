# The programs that measure: each at its smallest, and what they are made of.
add_executable(bench_programs_tests
  calls_measured_test.cpp
  chain_test.cpp
  memory_measured_test.cpp
  requests_measured_test.cpp
  support_test.cpp)
target_link_libraries(bench_programs_tests PRIVATE test_support bench_support nlohmann_json::nlohmann_json GTest::gmock_main)
target_compile_definitions(bench_programs_tests PRIVATE
  CALLS="$<TARGET_FILE:bench_calls>"
  MEMORY="$<TARGET_FILE:bench_memory>"
  REQUESTS="$<TARGET_FILE:bench_requests>"
  EXPORTS_MAP="${PROJECT_SOURCE_DIR}/shim/exports.map")
add_dependencies(bench_programs_tests bench_calls bench_memory bench_requests)
gtest_discover_tests(bench_programs_tests TEST_FILTER *Huge2M* PROPERTIES LABELS "bench;hugetlb" RESOURCE_LOCK huge_pages TIMEOUT 120)
gtest_discover_tests(bench_programs_tests TEST_FILTER -*Huge2M* PROPERTIES LABELS bench TIMEOUT 120)
