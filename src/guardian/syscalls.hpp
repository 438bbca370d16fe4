#pragma once

#include <asm/unistd.h>

/// The guardian without a C library: raw system calls for the two machines that devinit is built for. A static glibc spends 0.3 ms of every
/// start on asking the processor what it is (cpuid traps under virtualisation); a guardian is started for every run of every service.
namespace devinit::guardian {

#if defined(__x86_64__)
inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "the guardian knows the system calls of x86_64 and aarch64 only"
#endif

inline long as_register(const volatile void* pointer) { return reinterpret_cast<long>(pointer); }
template <class Integer>
  requires(!__is_class(Integer) && !requires(Integer value) { *value; })
long as_register(Integer value) {
  return static_cast<long>(value);
}

/// A negative result is -errno.
template <class... Arguments>
long call(long number, Arguments... arguments) {
  return system_call(number, as_register(arguments)...);
}

}  // namespace devinit::guardian
