#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace devinit::os {

[[nodiscard]] bool is_terminal(int fd) noexcept;
/// Columns of the terminal behind `fd`, or 80.
[[nodiscard]] int terminal_width(int fd) noexcept;

/// Lines of the terminal behind `fd`, or 24.
[[nodiscard]] int terminal_height(int fd) noexcept;

/// What came back from a question.
enum class Answer { yes, no, timed_out, end_of_input, interrupted };
/// Prints `question` and a blank on stderr, reads one line from stdin. y/yes → yes (any case), n/no → no, an empty line →
/// `preset`; anything else asks again once and is then `no`. `timeout` is for both tries together. Ctrl-C (a byte on `cancel_fd`,
/// ignored when negative, and left there) → interrupted. Input typed ahead of the question is discarded, so that a stray key
/// never answers it; a pipe is read as it comes.
[[nodiscard]] Answer ask_yes_no(const std::string& question, Answer preset, std::chrono::milliseconds timeout, int cancel_fd = -1);

}  // namespace devinit::os
