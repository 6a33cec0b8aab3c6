#include "guards.hpp"

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace push_server {

std::string read_secret(const std::string& path)
{
    std::ifstream file(path);
    if (!file)
        throw std::runtime_error("cannot read the secret in " + path + ": " +
                                 std::generic_category().message(errno));
    std::string line;
    if (!std::getline(file, line) && !file.eof())
        throw std::runtime_error("cannot read the secret in " + path + ": it is no file of text");
    while (line.ends_with('\r'))
        line.pop_back();
    if (line.empty())
        throw std::runtime_error("no secret in " + path + ": its first line is empty");
    return line;
}

} // namespace push_server
