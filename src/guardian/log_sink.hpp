#pragma once

#include <stddef.h>
#include <stdint.h>

namespace devinit::guardian {

/// The service's log file: raw bytes, appended, rotated by size between lines (NAME.log → NAME.log.1 …). It never fails towards the service:
/// what the disk does not take is dropped, counted, and said in the file once it takes something again. A deleted file is created anew.
class LogSink {
 public:
  /// `path` must outlive the sink. `max_size`: of one file, in bytes; a line that is under way may exceed it by up to 64 KiB. `keep`:
  /// number of files in all, at least 1.
  void open(const char* path, uint64_t max_size, int keep);
  void write(const char* data, size_t size);
  [[nodiscard]] uint64_t dropped() const { return dropped_; }

 private:
  void reopen();
  void rotate();
  [[nodiscard]] size_t share_of_this_file(const char* data, size_t size) const;
  void put(const char* data, size_t size);
  size_t write_some(const char* data, size_t size);

  const char* path_ = nullptr;
  uint64_t max_size_ = 0;
  int keep_ = 1;
  int fd_ = -1;
  uint64_t size_ = 0;
  uint64_t dropped_ = 0;
  uint64_t unreported_ = 0;  // dropped, and the file does not say so yet
  char last_byte_ = '\n';
};

}  // namespace devinit::guardian
