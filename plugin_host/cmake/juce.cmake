# JUCE: the system's if it has one, else a source tree named by JUCE_DIR, else fetched.
# JUCE_DIR may be either a folder with JUCEConfig.cmake or JUCE's own sources.
set(UMTN_JUCE_SYSTEM_LIBRARIES "")

if(JUCE_DIR AND EXISTS "${JUCE_DIR}/modules/juce_core")
  add_subdirectory("${JUCE_DIR}" "${CMAKE_BINARY_DIR}/juce" EXCLUDE_FROM_ALL)
else()
  find_package(JUCE 7.0.5 CONFIG QUIET)
  if(JUCE_FOUND)
    # Debian took the image libraries out of JUCE: they come from the system.
    if(NOT EXISTS "${JUCE_MODULES_DIR}/juce_graphics/image_formats/pnglib/png.h")
      find_package(PNG REQUIRED)
      find_package(JPEG REQUIRED)
      find_package(ZLIB REQUIRED)
      set(UMTN_JUCE_SYSTEM_LIBRARIES PNG::PNG JPEG::JPEG ZLIB::ZLIB)
    endif()
  else()
    include(FetchContent)
    FetchContent_Declare(
      JUCE
      GIT_REPOSITORY https://github.com/juce-framework/JUCE.git
      GIT_TAG 7.0.12
      GIT_SHALLOW TRUE
    )
    FetchContent_MakeAvailable(JUCE)
  endif()
endif()
