#pragma once

#include "project/project.hpp"

namespace devinit::cli {

using project::check_targets;
using project::DiskFiles;
using project::find_root;
using project::load_config;
using project::load_ports_file;
using project::load_ports_record;
using project::open_project;
using project::Project;
using project::service_names;

}  // namespace devinit::cli
