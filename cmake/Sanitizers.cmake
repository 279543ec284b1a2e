# INDRIK_SANITIZE is what -fsanitize= takes: "address,undefined" or "thread"; empty is none.
set(INDRIK_SANITIZE "" CACHE STRING "Sanitizers for everything built here")
if(INDRIK_SANITIZE)
  add_compile_options(-fsanitize=${INDRIK_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${INDRIK_SANITIZE})
endif()
