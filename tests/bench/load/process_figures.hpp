// What a server process costs, from /proc: CPU time in nanoseconds, time spent waiting for a CPU,
// and memory of its own. A server may be several processes and threads: the whole tree is summed
// up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <dirent.h>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/types.h>
#include <unistd.h>

namespace bench {

struct cpu_figures
{
    std::uint64_t cpu_ns = 0;
    std::uint64_t waited_ns = 0; // runnable, but another process had the CPU
    std::uint64_t user_ns = 0;   // sampled by the tick: good for a share, not for a sum
    std::uint64_t system_ns = 0;
};

struct memory_figures
{
    std::uint64_t anonymous_bytes = 0; // heap, stacks, shared memory; shared pages counted by share
    std::uint64_t resident_bytes = 0;  // with the pages of the program and its libraries
};

namespace detail {

inline std::vector<std::string> entries(const std::string& path)
{
    std::vector<std::string> names;
    if (DIR* directory = opendir(path.c_str())) {
        while (const dirent* entry = readdir(directory))
            if (entry->d_name[0] != '.')
                names.emplace_back(entry->d_name);
        closedir(directory);
    }
    return names;
}

// The fields of stat behind the name, which may hold spaces and brackets itself.
inline std::vector<std::uint64_t> stat_fields(const std::string& path)
{
    std::ifstream file(path);
    std::string text;
    std::getline(file, text);
    const auto bracket = text.rfind(')');
    std::vector<std::uint64_t> fields;
    if (bracket == text.npos || bracket + 4 > text.size())
        return fields;
    std::istringstream rest(text.substr(bracket + 4)); // over ") S "
    std::string field;
    while (rest >> field)
        fields.push_back(std::strtoull(field.c_str(), nullptr, 10));
    return fields;
}

} // namespace detail

// The process and its descendants.
inline std::vector<pid_t> process_tree(pid_t root)
{
    std::vector<std::pair<pid_t, pid_t>> parents;
    for (const std::string& name : detail::entries("/proc")) {
        if (name.find_first_not_of("0123456789") != name.npos)
            continue;
        const auto fields = detail::stat_fields("/proc/" + name + "/stat");
        if (!fields.empty())
            parents.emplace_back(std::atoi(name.c_str()), static_cast<pid_t>(fields[0]));
    }
    std::vector<pid_t> tree{root};
    for (std::size_t i = 0; i < tree.size(); ++i)
        for (const auto& [child, parent] : parents)
            if (parent == tree[i])
                tree.push_back(child);
    return tree;
}

inline cpu_figures read_cpu(const std::vector<pid_t>& processes)
{
    cpu_figures sum;
    const std::uint64_t tick_ns =
        1'000'000'000 / static_cast<std::uint64_t>(std::max(1l, sysconf(_SC_CLK_TCK)));
    for (const pid_t pid : processes) {
        const std::string base = "/proc/" + std::to_string(pid);
        for (const std::string& task : detail::entries(base + "/task")) {
            std::ifstream file(base + "/task/" + task + "/schedstat");
            std::uint64_t ran = 0;
            std::uint64_t waited = 0;
            if (file >> ran >> waited) {
                sum.cpu_ns += ran;
                sum.waited_ns += waited;
            }
        }
        const auto fields = detail::stat_fields(base + "/stat");
        if (fields.size() > 11) {
            sum.user_ns += fields[10] * tick_ns;
            sum.system_ns += fields[11] * tick_ns;
        }
    }
    return sum;
}

inline memory_figures read_memory(const std::vector<pid_t>& processes)
{
    memory_figures sum;
    for (const pid_t pid : processes) {
        std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
        std::string line;
        while (std::getline(file, line)) {
            std::istringstream words(line);
            std::string key;
            std::uint64_t kilobytes = 0;
            if (!(words >> key >> kilobytes))
                continue;
            if (key == "Pss_Anon:" || key == "Pss_Shmem:")
                sum.anonymous_bytes += kilobytes * 1024;
            else if (key == "Rss:")
                sum.resident_bytes += kilobytes * 1024;
        }
    }
    return sum;
}

} // namespace bench
