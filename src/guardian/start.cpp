// Entry point and what the compiler takes for granted, in a program without a C library.
#include <stddef.h>

#include "guardian/syscalls.hpp"

extern "C" {

int guardian_main(int argc, char** argv, char** environment);

void* memcpy(void* to, const void* from, size_t size) {
  auto* target = static_cast<char*>(to);
  const auto* source = static_cast<const char*>(from);
  for (size_t i = 0; i < size; ++i) {
    target[i] = source[i];
    __asm__ volatile("");  // or the compiler makes this loop a call of memcpy
  }
  return to;
}

void* memset(void* to, int byte, size_t size) {
  auto* target = static_cast<char*>(to);
  for (size_t i = 0; i < size; ++i) {
    target[i] = static_cast<char>(byte);
    __asm__ volatile("");
  }
  return to;
}

/// The kernel leaves argc, argv, NULL, environment on the stack.
[[noreturn, gnu::used]] void guardian_start(long* stack) {
  const int argc = static_cast<int>(*stack);
  auto** argv = reinterpret_cast<char**>(stack + 1);
  const int code = guardian_main(argc, argv, argv + argc + 1);
  for (;;) devinit::guardian::call(__NR_exit_group, code);
}
}

#if defined(__x86_64__)
__asm__(".global _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call guardian_start\n");
#elif defined(__aarch64__)
__asm__(".global _start\n_start:\n  mov x29, #0\n  mov x0, sp\n  bl guardian_start\n");
#endif
