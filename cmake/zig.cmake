# Toolchain of wheels: zig for an old C library. PYFORGE_ZIG names a folder with the commands cc, c++, ar and ranlib that call it
# for one target (scripts/wheel.sh makes it), PYFORGE_ARCH that target's processor.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $ENV{PYFORGE_ARCH})
foreach(tool C_COMPILER=cc CXX_COMPILER=c++ ASM_COMPILER=cc AR=ar RANLIB=ranlib)
  string(REPLACE "=" ";" tool ${tool})
  list(GET tool 0 variable)
  list(GET tool 1 command)
  set(CMAKE_${variable} $ENV{PYFORGE_ZIG}/${command})
endforeach()
# Only what is reached is kept. C++ is snappy alone; its runtime is linked in.
set(CMAKE_C_FLAGS_INIT "-ffunction-sections -fdata-sections")
set(CMAKE_CXX_FLAGS_INIT "-ffunction-sections -fdata-sections")
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-s")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-s")
# Nothing is looked for on the building machine.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
