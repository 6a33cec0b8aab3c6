// What a back end's line costs to judge: crier's scan beside Boost.JSON's SAX parser, which validates
// the same and hands over the same member, on the same lines in turn. crier_command [ROUNDS]
#include <crier/command.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Takes the outermost uid, as command_parser does.
struct uid_handler
{
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    using error_code = boost::json::error_code;
    using string_view = boost::json::string_view;

    int depth = 0;
    bool at_uid = false;
    std::string key, uid;

    bool on_document_begin(error_code&) { return depth = 0, at_uid = false, uid.clear(), true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return ++depth, true; }
    bool on_object_end(std::size_t, error_code&) { return --depth, true; }
    bool on_array_begin(error_code&) { return ++depth, true; }
    bool on_array_end(std::size_t, error_code&) { return --depth, true; }
    bool on_key_part(string_view part, std::size_t, error_code&) { return key.append(part), true; }
    bool on_key(string_view part, std::size_t, error_code&)
    {
        key.append(part);
        at_uid = depth == 1 && key == "uid";
        return key.clear(), true;
    }
    bool on_string_part(string_view part, std::size_t, error_code&)
    {
        return at_uid ? (uid.append(part), true) : true;
    }
    bool on_string(string_view part, std::size_t, error_code&)
    {
        if (at_uid)
            uid.append(part);
        return at_uid = false, true;
    }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t, string_view, error_code&) { return true; }
    bool on_uint64(std::uint64_t, string_view, error_code&) { return true; }
    bool on_double(double, string_view, error_code&) { return true; }
    bool on_bool(bool, error_code&) { return true; }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }
};

template <class Judge>
double nanoseconds_per_line(const std::vector<std::string>& lines, Judge judge)
{
    std::size_t found = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (const std::string& line : lines)
        found += judge(line);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    if (found != lines.size()) {
        std::fprintf(stderr, "crier_command: %zu of %zu uids found\n", found, lines.size());
        std::exit(1);
    }
    return took.count() / static_cast<double>(lines.size());
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

std::vector<std::string> lines_of(std::size_t bytes)
{
    std::vector<std::string> lines;
    for (int i = 0; i < 2000; ++i) {
        std::string line =
            R"({"uid":"u)" + std::to_string(i) + R"(","percent":")" + std::to_string(i % 100);
        line += R"(%","text":")";
        while (line.size() + 2 < bytes)
            line += "job \xC3\xA9 done, "[line.size() % 13];
        line.erase(line.find_last_not_of('\xC3') + 1);   // no half character at the end
        for (std::size_t at = 0; at < line.size(); ++at) // and none inside
            if ((line[at] == '\xC3') != (at + 1 < line.size() && line[at + 1] == '\xA9'))
                line[at] = '.';
        for (std::size_t at = 1; at < line.size(); ++at)
            if (line[at] == '\xA9' && line[at - 1] != '\xC3')
                line[at] = '.';
        lines.push_back(line + "\"}");
    }
    return lines;
}

} // namespace

int main(int argc, char** argv)
{
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 101;
    std::printf("bytes  crier ns/line  Boost.JSON ns/line  ratio\n");
    for (const std::size_t bytes : {64, 256, 1024, 16384}) {
        const std::vector<std::string> lines = lines_of(bytes);
        crier::command_parser parser(256);
        boost::json::basic_parser<uid_handler> sax{boost::json::parse_options()};
        std::vector<double> ours, theirs;
        for (int i = 0; i < rounds; ++i) {
            ours.push_back(nanoseconds_per_line(lines, [&](const std::string& line) {
                return parser.parse(line).kind == crier::command::unicast;
            }));
            theirs.push_back(nanoseconds_per_line(lines, [&](const std::string& line) {
                sax.reset();
                boost::json::error_code ec;
                const std::size_t read = sax.write_some(false, line.data(), line.size(), ec);
                return !ec && read == line.size() && !sax.handler().uid.empty();
            }));
        }
        std::printf("%5zu  %13.0f  %18.0f  %5.1f\n", bytes, median(ours), median(theirs),
                    median(theirs) / median(ours));
    }
}
