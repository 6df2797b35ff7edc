# Looks for every development file first and complains once, so that a user runs one apt-get line
# and not one after another.

set(missing_packages "")

macro(webhookcore_need found_variable debian_package)
  if(NOT ${found_variable})
    list(APPEND missing_packages ${debian_package})
  endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

find_package(CURL 7.85 QUIET)
webhookcore_need(CURL_FOUND libcurl4-openssl-dev)

find_package(OpenSSL 3.0 QUIET COMPONENTS Crypto)
webhookcore_need(OPENSSL_FOUND libssl-dev)

# 3.37 is the first with STRICT tables. Linked shared: two copies in one process can lose commits.
find_package(SQLite3 3.37 QUIET)
webhookcore_need(SQLite3_FOUND libsqlite3-dev)

find_package(simdjson QUIET CONFIG)
webhookcore_need(simdjson_FOUND libsimdjson-dev)

if(WEBHOOKCORE_PYTHON)
  find_package(Python 3.10 QUIET COMPONENTS Interpreter Development.Module)
  webhookcore_need(Python_Development.Module_FOUND python3-dev)
  if(Python_Interpreter_FOUND AND NOT pybind11_DIR)
    execute_process(
      COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
      OUTPUT_VARIABLE pybind11_DIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()

if(BUILD_TESTING)
  find_package(Catch2 QUIET CONFIG)
  webhookcore_need(Catch2_FOUND catch2)
endif()

if(missing_packages)
  string(REPLACE ";" " " missing_packages "${missing_packages}")
  message(FATAL_ERROR
    " webhookcore: development files are missing or too old.  Run:\n"
    "     apt-get install -y ${missing_packages}\n"
    " and repeat.  (Needed: libcurl 7.85, OpenSSL 3.0, SQLite 3.37, simdjson.)")
endif()

if(WEBHOOKCORE_PYTHON)
  set(PYBIND11_FINDPYTHON ON)
  find_package(pybind11 3.0.2 REQUIRED CONFIG)
endif()
