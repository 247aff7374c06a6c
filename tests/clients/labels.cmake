# Read by ctest after the list of tests: gtest_discover_tests can't give them two labels.
set_tests_properties(${client_tests_TESTS} PROPERTIES LABELS "clients;hugetlb")
