// become_root: installed set-user-ID root, it becomes root altogether, as sudo does, and then waits. Who started it may not signal it.

#include <unistd.h>

int main() {
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) return 1;
  for (;;) pause();
}
