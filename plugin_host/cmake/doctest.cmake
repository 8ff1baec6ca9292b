# What the C++ tests are written with: the system's, else fetched.
find_package(doctest QUIET)
if(NOT doctest_FOUND)
  include(FetchContent)
  FetchContent_Declare(
    doctest
    GIT_REPOSITORY https://github.com/doctest/doctest.git
    GIT_TAG v2.4.11
    GIT_SHALLOW TRUE
  )
  FetchContent_MakeAvailable(doctest)
endif()
