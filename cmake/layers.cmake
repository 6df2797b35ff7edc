# webhookcore_layer(NAME FOLDER folder [FLAT] [PUBLIC target...] [PRIVATE target...])
#
# Makes webhookcore_NAME, a static library of the sources in cpp/webhookcore/<folder>. New files
# are found by themselves.
#
# A layer shows its headers through an include tree of its own, made of symbolic links in the build
# folder; cpp/ itself is on no include path. So a layer can include what it is linked to and
# nothing else: an include against the arrows of the architecture does not compile.
#
# FLAT leaves the subfolders out, for a folder that holds other layers.
function(webhookcore_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 layer "FLAT" "FOLDER" "PUBLIC;PRIVATE")
  set(folder "${PROJECT_SOURCE_DIR}/cpp/webhookcore/${layer_FOLDER}")

  if(layer_FLAT)
    file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cpp")
    file(GLOB headers CONFIGURE_DEPENDS "${folder}/*.h")
  else()
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cpp")
    set(headers "${folder}")
  endif()
  if(NOT sources)
    set(sources "${PROJECT_BINARY_DIR}/empty_layer.cpp")
    if(NOT EXISTS "${sources}")
      file(WRITE "${sources}" "// A layer of headers alone still needs one object.\n")
    endif()
  endif()

  webhookcore_include_tree(tree ${name} ${layer_FOLDER} "${headers}")
  add_library(webhookcore_${name} STATIC ${sources})
  target_include_directories(webhookcore_${name} PUBLIC "${tree}")
  target_link_libraries(webhookcore_${name}
    PUBLIC ${layer_PUBLIC}
    PRIVATE webhookcore_flags ${layer_PRIVATE})
endfunction()

# Makes <build>/include/<name>/webhookcore/<folder>, holding links to `headers` (or being a link,
# where `headers` is the folder itself), and gives back the include directory.
function(webhookcore_include_tree out name folder headers)
  set(root "${PROJECT_BINARY_DIR}/include/${name}")
  set(tree "${root}/webhookcore/${folder}")
  get_filename_component(parent "${tree}" DIRECTORY)
  file(REMOVE_RECURSE "${root}")
  file(MAKE_DIRECTORY "${parent}")
  if(IS_DIRECTORY "${headers}")
    file(CREATE_LINK "${headers}" "${tree}" SYMBOLIC)
  else()
    file(MAKE_DIRECTORY "${tree}")
    foreach(header IN LISTS headers)
      get_filename_component(file_name "${header}" NAME)
      file(CREATE_LINK "${header}" "${tree}/${file_name}" SYMBOLIC)
    endforeach()
  endif()
  set(${out} "${root}" PARENT_SCOPE)
endfunction()

# webhookcore_mutant(NAME file): the file of the calling folder that holds the deliberate fault
# NAME, which WEBHOOKCORE_MUTANT may ask for. The other files compile to what they always do.
function(webhookcore_mutant name file)
  if(WEBHOOKCORE_MUTANT STREQUAL name)
    string(TOUPPER "WEBHOOKCORE_MUTANT_${name}" definition)
    set_source_files_properties("${CMAKE_CURRENT_SOURCE_DIR}/${file}" PROPERTIES
      COMPILE_DEFINITIONS ${definition})
  endif()
endfunction()

# Puts the texts of <folder>/*.sql, in the order of their names, into a header that only the layer
# itself sees: "webhookcore/<folder of the layer>/migration_texts.h", an array `migration_texts`.
function(webhookcore_embed_migrations name layer_folder)
  set(folder "${PROJECT_SOURCE_DIR}/cpp/webhookcore/${layer_folder}/schema")
  file(GLOB files CONFIGURE_DEPENDS "${folder}/*.sql")
  list(SORT files)
  list(LENGTH files count)
  set(text "// Made by CMake from schema/*.sql; entry 0 brings an empty file to version 1.\n")
  string(APPEND text "#pragma once\n\n#include <array>\n#include <string_view>\n\n")
  string(APPEND text "namespace webhookcore {\n\n")
  string(APPEND text
    "inline constexpr std::array<std::string_view, ${count}> migration_texts = {\n")
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" sql)
    string(APPEND text "R\"migration(${sql})migration\",\n")
  endforeach()
  string(APPEND text "};\n\n}  // namespace webhookcore\n")

  set(root "${PROJECT_BINARY_DIR}/generated/${name}")
  set(header "${root}/webhookcore/${layer_folder}/migration_texts.h")
  set(old "")
  if(EXISTS "${header}")
    file(READ "${header}" old)
  endif()
  if(NOT old STREQUAL text)
    file(WRITE "${header}" "${text}")
  endif()
  target_include_directories(webhookcore_${name} PRIVATE "${root}")
endfunction()
