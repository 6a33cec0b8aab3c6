// Gives a target inputs from files, without a fuzzer.
//
// fuzz_replay TARGET FILE_OR_FOLDER...
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "targets.hpp"

namespace {

using target = void (*)(std::string_view);

const std::map<std::string, target> targets{
    {"framings", fuzz::framings},
    {"websocket_opening", fuzz::websocket_opening},
    {"websocket_frames", fuzz::websocket_frames},
    {"websocket_deflate", fuzz::websocket_deflate},
    {"command", fuzz::command},
    {"utf8", fuzz::utf8},
    {"ticket", fuzz::ticket},
    {"server", fuzz::server},
};

std::vector<std::filesystem::path> files_of(const std::filesystem::path& place)
{
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(place))
        for (const auto& entry : std::filesystem::directory_iterator(place))
            files.push_back(entry.path());
    else
        files.push_back(place);
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

int main(int argc, char** argv)
try {
    const auto found = argc > 2 ? targets.find(argv[1]) : targets.end();
    if (found == targets.end()) {
        std::fprintf(stderr, "usage: fuzz_replay TARGET FILE_OR_FOLDER...\n");
        return 2;
    }
    std::size_t inputs = 0;
    for (int i = 2; i < argc; ++i) {
        for (const auto& path : files_of(argv[i])) {
            std::ifstream file(path, std::ios::binary);
            const std::string bytes{std::istreambuf_iterator<char>(file), {}};
            if (!file) {
                std::fprintf(stderr, "cannot read %s\n", path.c_str());
                return 2;
            }
            std::fprintf(stderr, "%s\n", path.c_str()); // the last one is the one that failed
            const std::vector<char> exact(bytes.begin(), bytes.end());
            found->second({exact.data(), exact.size()});
            ++inputs;
        }
    }
    std::printf("%s: %zu inputs\n", argv[1], inputs);
    return inputs == 0; // a folder that was not filled shows nothing
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
}
