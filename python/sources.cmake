# The sources of the extension module, in this folder.
set(PYFORGE_PYTHON_SOURCES
  _pyforge.c
  bytes.c
  call.c
  command.c
  errors.c
  functions.c
  stream.c)
