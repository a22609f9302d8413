// For tests/bench/hostlist.sh: what Slurm's own library takes to fold and to expand.
//   slurm_hostlist fold <NAMES       a name a line; prints the folded list
//   slurm_hostlist expand EXPRESSION prints a name a line
// On stderr: the milliseconds without start, reading and printing.
#include <dlfcn.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

template <typename Function>
Function* find(void* library, const char* name) {
  void* found = dlsym(library, name);
  if (found == nullptr) {
    std::fprintf(stderr, "libslurm has no %s\n", name);
    std::exit(1);
  }
  return reinterpret_cast<Function*>(found);
}

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

}  // namespace

int main(int argc, char** argv) {
  void* slurm = dlopen("libslurm.so", RTLD_NOW | RTLD_GLOBAL);
  if (slurm == nullptr || argc < 2) {
    std::fprintf(stderr, "%s\n", slurm == nullptr ? dlerror() : "fold or expand?");
    return 1;
  }
  auto* create = find<void*(const char*)>(slurm, "slurm_hostlist_create");
  auto* push = find<int(void*, const char*)>(slurm, "slurm_hostlist_push_host");
  auto* uniq = find<void(void*)>(slurm, "slurm_hostlist_uniq");
  auto* ranged = find<char*(void*)>(slurm, "slurm_hostlist_ranged_string_malloc");
  auto* shift = find<char*(void*)>(slurm, "slurm_hostlist_shift");

  if (argv[1] == std::string("fold")) {
    std::vector<std::string> names;
    for (std::string name; std::getline(std::cin, name);) names.push_back(name);
    const auto begin = std::chrono::steady_clock::now();
    void* list = create("");
    for (const std::string& name : names) push(list, name.c_str());
    uniq(list);
    const char* text = ranged(list);
    std::fprintf(stderr, "%.3f\n", milliseconds_since(begin));
    std::puts(text);
  } else {
    const auto begin = std::chrono::steady_clock::now();
    void* list = create(argc > 2 ? argv[2] : "");
    std::string text;
    while (char* name = list == nullptr ? nullptr : shift(list)) {
      text += name;
      text += '\n';
      std::free(name);
    }
    std::fprintf(stderr, "%.3f\n", milliseconds_since(begin));
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
}
