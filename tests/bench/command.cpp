// What a back end's line costs to judge: crier's scan beside Boost.JSON's SAX parser, which validates
// the same and hands over the same member, on the same lines in turn. crier_command [ROUNDS]
#include <crier/command.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <time.h>
#include <vector>

namespace {

constexpr std::size_t uid_bytes = 5; // "u1234"

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

std::uint64_t cpu_ns()
{
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(used.tv_nsec);
}

/// CPU time, so that other processes do not count. `uid_of` tells the uid of a line, or nothing.
template <class UidOf>
double nanoseconds_per_line(const std::vector<std::string>& lines, UidOf uid_of)
{
    std::size_t found = 0;
    const std::uint64_t begin = cpu_ns();
    for (const std::string& line : lines)
        found += uid_of(line).size();
    const std::uint64_t used = cpu_ns() - begin;
    if (found != lines.size() * uid_bytes) {
        std::fprintf(stderr, "crier_command: it finds other uids than those that are there\n");
        std::exit(1);
    }
    return static_cast<double>(used) / static_cast<double>(lines.size());
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// As many lines of so many bytes as stay in a core's own cache: what a server judges has just been
/// copied into it. Not too few, or the processor would know them by heart.
std::size_t number_of_lines(std::size_t bytes)
{
    return std::clamp<std::size_t>(256 * 1024 / bytes, 100, 2000);
}

std::string uid_of_line(std::size_t i)
{
    return "u" + std::to_string(1000 + i);
}

/// Lines of so many bytes, or a few less: a uid, a percent, and words to fill up.
std::vector<std::string> lines_of(std::size_t bytes, const std::vector<std::string_view>& words)
{
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < number_of_lines(bytes); ++i) {
        std::string line = "{\"uid\":\"" + uid_of_line(i) + "\",\"percent\":\"" +
                           std::to_string(i % 100) + "%\",\"text\":\"";
        for (std::size_t at = i % words.size(); line.size() + words[at].size() + 2 <= bytes;
             at = (at + 1) % words.size())
            line += words[at];
        lines.push_back(line + "\"}");
    }
    return lines;
}

/// Lines as PHP's json_encode writes them: nested, with numbers, and all escaped that can be. `space`
/// stands where Python's json.dumps has one.
std::vector<std::string> nested_lines_of(std::size_t bytes, const std::string& space)
{
    std::uint64_t state = 88172645463325252;
    const auto number = [&](std::uint64_t below) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return std::to_string((state >> 32) % below);
    };
    const auto member = [&](const char* name, const std::string& value) {
        return '"' + std::string(name) + "\":" + space + value;
    };
    const std::string comma = "," + space;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < number_of_lines(bytes); ++i) {
        std::string line = '{' + member("uid", '"' + uid_of_line(i) + '"') + comma +
                           member("event", i % 3 ? "\"paid\"" : "\"sent\"");
        for (std::size_t before = 0; line.size() != before && line.size() < bytes;) {
            before = line.size();
            for (const std::string& next :
                 {member("id", number(100'000'000)), member("open", i % 2 ? "true" : "false"),
                  member("by", "null"), member("sum", number(1000) + '.' + number(100)),
                  member("at", "{" + member("x", number(5000)) + comma +
                                   member("y", "[" + number(10) + comma + "-" + number(99) + "]") +
                                   "}"),
                  member("name", "\"Ren\\u00e9e " + number(1000) + "\""),
                  member("url", "\"https:\\/\\/example.org\\/" + number(1'000'000) + "\"")})
                if (line.size() + comma.size() + next.size() + 1 <= bytes)
                    line += comma + next;
        }
        lines.push_back(line + '}');
    }
    return lines;
}

void compare(const char* text, std::size_t bytes, const std::vector<std::string>& lines, int rounds)
{
    crier::command_parser parser(256);
    boost::json::basic_parser<uid_handler> sax{boost::json::parse_options()};
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int i = 0; i < rounds; ++i) {
        ours.push_back(nanoseconds_per_line(
            lines, [&](const std::string& line) { return parser.parse(line).name; }));
        theirs.push_back(nanoseconds_per_line(lines, [&](const std::string& line) {
            sax.reset();
            boost::json::error_code ec;
            const bool whole = sax.write_some(false, line.data(), line.size(), ec) == line.size();
            return whole && !ec ? std::string_view(sax.handler().uid) : std::string_view();
        }));
    }
    std::printf("%-8s  %5zu  %8.0f  %10.0f  %5.2f\n", text, bytes, median(ours), median(theirs),
                median(theirs) / median(ours));
}

} // namespace

int main(int argc, char** argv)
{
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 101;
    std::printf("text      bytes  crier ns  Boost.JSON  ratio\n");
    for (const std::size_t bytes : {64u, 256u, 1024u, 4096u}) {
        compare("English", bytes, lines_of(bytes, {"job ", "done, ", "the ", "next ", "one "}),
                rounds);
        compare(
            "French", bytes,
            lines_of(bytes, {"t\u00e2che ", "achev\u00e9e, ", "la ", "pi\u00e8ce ", "suivante "}),
            rounds);
        compare("Greek", bytes,
                lines_of(bytes, {"\u03ad\u03c1\u03b3\u03bf ", "\u03c4\u03ad\u03bb\u03bf\u03c2, ",
                                 "\u03c4\u03bf ", "\u03b5\u03c0\u03cc\u03bc\u03b5\u03bd\u03bf "}),
                rounds);
        compare("PHP", bytes, nested_lines_of(bytes, ""), rounds);
        compare("Python", bytes, nested_lines_of(bytes, " "), rounds);
    }
}
