# The two libraries as targets, from CEREBELLUM_LIBRARIES_DIR, CEREBELLUM_INCLUDE_DIR, CEREBELLUM_SHARED_NAME,
# CEREBELLUM_SONAME and CEREBELLUM_STATIC_LIBRARIES.
if(NOT TARGET cerebellum::cerebellum)
  add_library(cerebellum::cerebellum SHARED IMPORTED GLOBAL)
  set_target_properties(cerebellum::cerebellum PROPERTIES
    IMPORTED_LOCATION "${CEREBELLUM_LIBRARIES_DIR}/${CEREBELLUM_SHARED_NAME}"
    IMPORTED_SONAME "${CEREBELLUM_SONAME}")
  add_library(cerebellum::cerebellum_static STATIC IMPORTED GLOBAL)
  set_target_properties(cerebellum::cerebellum_static PROPERTIES
    IMPORTED_LOCATION "${CEREBELLUM_LIBRARIES_DIR}/libcerebellum.a"
    INTERFACE_LINK_LIBRARIES "${CEREBELLUM_STATIC_LIBRARIES}")
  get_property(cerebellum_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  foreach(library cerebellum::cerebellum cerebellum::cerebellum_static)
    target_include_directories(${library} INTERFACE "${CEREBELLUM_INCLUDE_DIR}")
    if("CXX" IN_LIST cerebellum_languages)
      target_compile_features(${library} INTERFACE cxx_std_17) # cerebellum.hpp; a project in C alone has no such feature
    endif()
  endforeach()
endif()
