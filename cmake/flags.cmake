# Compiler flags shared by every layer and test.

add_library(webhookcore_flags INTERFACE)

target_compile_options(webhookcore_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${WEBHOOKCORE_WERROR}>:-Werror>)

target_compile_definitions(webhookcore_flags INTERFACE
  WEBHOOKCORE_VERSION="${PROJECT_VERSION}")

# Only in optimized builds: _FORTIFY_SOURCE needs -O, and the sanitizers do the same work better.
set(optimized $<OR:$<CONFIG:Release>,$<CONFIG:RelWithDebInfo>,$<CONFIG:MinSizeRel>>)
target_compile_options(webhookcore_flags INTERFACE
  $<${optimized}:-fstack-protector-strong>
  $<${optimized}:-fstack-clash-protection>
  $<${optimized}:-U_FORTIFY_SOURCE>
  $<${optimized}:-D_FORTIFY_SOURCE=2>
  $<${optimized}:-D_GLIBCXX_ASSERTIONS>)
target_link_options(webhookcore_flags INTERFACE
  $<${optimized}:LINKER:-z,relro,-z,now>)
