#include "supervisor/supervise_main.hpp"

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "os/children.hpp"
#include "os/file_lock.hpp"
#include "os/files.hpp"
#include "os/hash.hpp"
#include "os/program_image.hpp"
#include "os/random.hpp"
#include "os/ready_pipe.hpp"
#include "os/self.hpp"
#include "os/unix_socket.hpp"
#include "supervisor/guardian_image.hpp"
#include "supervisor/supervisor.hpp"
#include "supervisor/sweep.hpp"

namespace devinit::supervisor {
namespace {

constexpr Millis kSweepGrace{2000};

/// One socket per project root. A state directory that cannot be made (no home, read-only) is no
/// reason not to work; one that others can write is.
Result<std::string> socket_path(const project::Project& project) {
  const auto name = os::short_hash(project.run.empty() ? project.root() : project.paths.data) + ".sock";
  const auto state = os::state_directory(project.environment);
  if (!state && state.error().code == Errc::refused) return state.error();
  const auto folder = state ? *state + "/sockets" : project.paths.data;
  if (!os::make_directories(folder, 0700)) return project.paths.data + "/" + name;
  return folder + "/" + name;
}

/// A file that only devinit writes is broken: kept under another name, made anew, and told.
std::string set_aside(const std::string& path) {
  os::rename_file(path, path + ".corrupt");
  return path + " was unreadable: kept as " + path + ".corrupt and made anew";
}

/// What an earlier supervisor left: swept away when it was killed together with its guardians, and told to the first client.
std::vector<std::string> clean_up_after_earlier_run(const project::Project& project, Log& log) {
  std::vector<std::string> notices;
  const auto text = os::read_text_file(project.paths.state_file, {}, std::size_t{16} << 20);
  if (!text) return notices;
  const auto state = api::decode_state_file(*text);
  if (!state) {
    notices.push_back(set_aside(project.paths.state_file) + "; what an earlier run may have left behind is not known");
    return notices;
  }
  const auto id = os::file_id(project.root());
  if (!id || id->device != state->root_device || id->inode != state->root_inode) return notices;  // a copied folder
  const auto report = sweep(*state, kSweepGrace);
  for (const auto& process : report.ended) notices.push_back("ended " + process + ", left behind by a killed supervisor");
  for (const auto& process : report.survivors) notices.push_back("could not end " + process + ", left behind by a killed supervisor");
  for (const auto& notice : notices) log.warning(notice);
  return notices;
}

struct Arguments {
  std::string root;
  std::string run;  ///< the name of a `devinit run`, or empty
  int ready_fd = -1;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--root") == 0) arguments.root = argv[i + 1];
    if (std::strcmp(argv[i], "--run") == 0) arguments.run = argv[i + 1];
    if (std::strcmp(argv[i], "--ready-fd") == 0) arguments.ready_fd = std::atoi(argv[i + 1]);
  }
  return arguments;
}

Result<project::Project> project_of(const Arguments& arguments) {
  auto environment = os::current_environment();
  if (!arguments.run.empty()) return project::open_run(arguments.root, arguments.run, std::move(environment));
  TRY_ASSIGN(auto paths, os::project_paths(arguments.root, environment));
  return project::Project{std::move(paths), std::move(environment)};
}

/// Everything up to "ready"; whatever fails is what the waiting command prints.
Result<> run(const Arguments& arguments, os::ReadyPipe& ready) {
  TRY_ASSIGN(const auto project, project_of(arguments));
  TRY(os::create_data_directories(project.paths));
  auto lock = os::FileLock::try_acquire(project.paths.lock_file);
  if (!lock && lock.error().code == Errc::busy) {
    ready.say("taken\n");
    return {};
  }
  if (!lock) return lock.error();
  Log log(project.paths.supervisor_log);
  os::become_subreaper();
  os::ignore_broken_pipes_and_hangups();
  Supervisor::Setup setup;
  setup.project = project;
  setup.notices = clean_up_after_earlier_run(project, log);
  if (os::path_exists(project.paths.ports_record) && !project::load_ports_record(project)) {
    setup.notices.push_back(set_aside(project.paths.ports_record));
  }
  setup.guardian.cookie = os::random_hex(16);
  TRY_ASSIGN(const auto image, os::open_program_image(guardian_image(), "svguard", project.paths.data));
  setup.guardian.image = image.get();
  TRY_ASSIGN(setup.socket_path, socket_path(project));
  TRY_ASSIGN(auto socket, os::listen_unix(setup.socket_path));
  setup.lock_text = api::encode(api::LockText{os::own_pid(), setup.socket_path});
  TRY(lock->write_text(setup.lock_text));
  setup.lock.emplace(std::move(*lock));
  const std::string path = setup.socket_path;

  boost::asio::io_context loop(1);
  Supervisor supervisor(loop, std::move(setup), log);
  supervisor.serve(socket.release());
  log.info("ready, pid " + std::to_string(os::own_pid()));
  ready.say("ready\n");
  loop.run();
  os::remove_file(path);
  return {};
}

/// The library's exceptions that no call site expects (no memory, no descriptors) end here, with a word to the waiting command.
Result<> run_translated(const Arguments& arguments, os::ReadyPipe& ready) {
  try {
    return run(arguments, ready);
  } catch (const std::exception& exception) {
    return Error(Errc::failed, std::string("the supervisor cannot go on: ") + exception.what());
  }
}

}  // namespace

int supervise_main(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  if (arguments.root.empty()) return 2;
  os::ReadyPipe ready(arguments.ready_fd);
  const auto result = run_translated(arguments, ready);
  if (result) return 0;
  const auto error = result.error();
  ready.say("error " + std::to_string(static_cast<int>(error.code)) + "\n" + error.message + "\n" + error.hint + "\n");
  return exit_code_of(error.code);
}

}  // namespace devinit::supervisor
