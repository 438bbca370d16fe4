#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/port.hpp"

namespace devinit::cli {

/// A port that a file of a checkout names.
struct NamedPort {
  std::string role;  ///< "backend", "backend.metrics"; empty for PORT in the `.env` of the whole app: any of its roles
  Port port = 0;
  std::string file;  ///< absolute
  int line = 0;
  bool from_ports_file = false;  ///< `.ports.json`, else an `.env`
};

/// What the files of one checkout say about its ports.
struct CheckoutFiles {
  std::vector<NamedPort> ports;
  struct Mistake {
    std::string file;
    int line = 0;  ///< 0: the file as a whole
    std::string what;
  };
  std::vector<Mistake> mistakes;  ///< files that are there and cannot be read
};

/// Which files count: a project's `.env` may name ports of anything; a generated app's names its own.
enum class EnvFiles { ignored, read };

/// Reads `.ports.json` and, of generated apps, `.env`, `backend/.env` and `frontend/.env` (BACKEND_PORT, FRONTEND_PORT and PORT; what is no port there
/// is a mistake). Symbolic links that lead out of the folder are not followed.
[[nodiscard]] CheckoutFiles read_checkout(const std::string& folder, EnvFiles env_files);

/// The same from the texts, for files that have been read.
void read_ports_text(std::string_view text, const std::string& file, CheckoutFiles& files);
void read_env_text(std::string_view text, const std::string& file, const std::string& role_of_port, CheckoutFiles& files);

}  // namespace devinit::cli
