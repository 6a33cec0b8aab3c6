// What a run has to say, in one line for people and one JSON object for machines.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "faults.hpp"
#include "options.hpp"

namespace bench {

class json_object
{
public:
    template <class Number>
        requires(std::is_arithmetic_v<Number>)
    json_object& add(std::string_view key, Number value)
    {
        if constexpr (std::is_same_v<Number, bool>)
            return raw(key, value ? "true" : "false");
        char text[40];
        std::snprintf(text, sizeof text, "%.12g", static_cast<double>(value));
        return raw(key, std::isfinite(static_cast<double>(value)) ? text : "null");
    }
    json_object& add(std::string_view key, std::string_view value)
    {
        return raw(key, quoted(value));
    }
    json_object& add(std::string_view key, const char* value)
    {
        return add(key, std::string_view{value});
    }
    json_object& add(std::string_view key, const json_object& value)
    {
        return raw(key, value.str());
    }
    json_object& add(std::string_view key, const std::vector<std::string>& values)
    {
        std::string list;
        for (const std::string& value : values)
            list += (list.empty() ? "" : ", ") + quoted(value);
        return raw(key, '[' + list + ']');
    }
    std::string str() const { return '{' + text_ + '}'; }

private:
    json_object& raw(std::string_view key, const std::string& value)
    {
        text_ += (text_.empty() ? "" : ", ") + quoted(key) + ": " + value;
        return *this;
    }

    // Whatever bytes a faulty server sent, the result is ASCII.
    static std::string quoted(std::string_view value)
    {
        std::string text = "\"";
        for (const char c : value) {
            if (c == '"' || c == '\\') {
                text += {'\\', c};
            } else if (c >= 0x20 && c < 0x7f) {
                text += c;
            } else {
                char escaped[8];
                std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned char>(c));
                text += escaped;
            }
        }
        return text + '"';
    }

    std::string text_;
};

struct run_figures
{
    // Opening the clients.
    double open_seconds = 0;
    double open_cpu_us = 0; // per connection
    double memory_idle = 0; // bytes per connection
    double resident_idle = 0;
    double memory_after_push = 0;
    int probe_rounds = 0;

    // Pushing.
    std::uint64_t lines = 0;
    std::uint64_t deliveries = 0;
    std::uint64_t expected = 0;
    double seconds = 0;
    double cpu_us = 0; // of the server, in all
    double user_share = 0;
    double server_busy = 0;
    double server_waited = 0;
    double generator_idle = 0;
    double generator_waited = 0;
    std::vector<std::uint64_t> delays_ns; // sorted

    double per(double amount, std::uint64_t count) const
    {
        return count ? amount / static_cast<double>(count) : 0;
    }
    double delay_us(double share) const
    {
        if (delays_ns.empty())
            return 0;
        const auto rank =
            static_cast<std::size_t>(std::ceil(share * static_cast<double>(delays_ns.size())));
        return static_cast<double>(
                   delays_ns[std::clamp<std::size_t>(rank, 1, delays_ns.size()) - 1]) /
               1000;
    }
};

inline std::string summary(const options& o, const run_figures& f, const faults& found)
{
    std::string text;
    const auto say = [&text](const char* format, auto... values) {
        char piece[300];
        std::snprintf(piece, sizeof piece, format, values...);
        text += piece;
    };
    const bool pushed = f.lines > 0;
    say("%s: %u clients", o.mode_name.c_str(), o.connections);
    if (o.uids < o.connections)
        say(" of %u uids", o.uids);
    if (!pushed) {
        say(" in %.2f s (%.0f/s)", f.open_seconds, o.connections / std::max(f.open_seconds, 1e-9));
        if (o.server_pid)
            say(", server %.2f us CPU each, memory %.0f bytes each idle, %.0f after one push",
                f.open_cpu_us, f.memory_idle, f.memory_after_push);
    } else {
        if (o.mode == load_mode::latency)
            say(", %u back ends at %u lines/s", o.back_ends, o.rate);
        else if (o.mode == load_mode::new_connection_per_push)
            say(", %u at a time", o.back_ends);
        else
            say(", %u back ends x %u in flight", o.back_ends, o.in_flight);
        if (o.flood)
            say(" beside one with %u in flight", o.flood);
        say(", %u bytes: %llu lines, %llu of %llu deliveries in %.2f s (%.0f/s)", o.payload_bytes,
            static_cast<unsigned long long>(f.lines), static_cast<unsigned long long>(f.deliveries),
            static_cast<unsigned long long>(f.expected), f.seconds,
            static_cast<double>(f.deliveries) / std::max(f.seconds, 1e-9));
        if (o.server_pid)
            say(", server %.3f us CPU per %s (user %.0f %%, busy %.0f %%, kept waiting %.0f %%)",
                f.per(f.cpu_us, o.mode == load_mode::broadcast ? f.deliveries : f.lines),
                o.mode == load_mode::broadcast ? "delivery" : "push", 100 * f.user_share,
                100 * f.server_busy, 100 * f.server_waited);
        if (!f.delays_ns.empty())
            say(", delay p50 %.0f p90 %.0f p99 %.0f p99.9 %.0f max %.0f us", f.delay_us(0.5),
                f.delay_us(0.9), f.delay_us(0.99), f.delay_us(0.999), f.delay_us(1));
        say(", generator idle %.0f %%", 100 * f.generator_idle);
    }
    if (found.total() == 0)
        return text + ", all verified";
    text += ", NOT VERIFIED:";
    for (std::size_t i = 0; i < fault_names.size(); ++i)
        if (const auto count = found.count(static_cast<fault>(i)))
            text += ' ' + std::to_string(count) + ' ' + std::string{fault_names[i]};
    return text;
}

inline std::string to_json(const options& o, const run_figures& f, const faults& found)
{
    json_object counts;
    for (std::size_t i = 0; i < fault_names.size(); ++i)
        counts.add(fault_names[i], static_cast<double>(found.count(static_cast<fault>(i))));

    json_object all;
    all.add("mode", o.mode_name)
        .add("verified", found.total() == 0)
        .add("faults", counts)
        .add("fault_words", found.words())
        .add("connections", o.connections)
        .add("uids", o.uids)
        .add("back_ends", o.back_ends)
        .add("in_flight", o.in_flight)
        .add("payload_bytes", o.payload_bytes)
        .add("open_seconds", f.open_seconds)
        .add("opens_per_second", o.connections / std::max(f.open_seconds, 1e-9))
        .add("probe_rounds", f.probe_rounds);
    if (o.server_pid)
        all.add("cpu_us_per_open", f.open_cpu_us)
            .add("memory_bytes_per_idle_connection", f.memory_idle)
            .add("resident_bytes_per_idle_connection", f.resident_idle)
            .add("memory_bytes_per_connection_after_push", f.memory_after_push);
    if (f.lines == 0)
        return all.str();
    all.add("lines", static_cast<double>(f.lines))
        .add("deliveries", static_cast<double>(f.deliveries))
        .add("deliveries_expected", static_cast<double>(f.expected))
        .add("seconds", f.seconds)
        .add("lines_per_second", static_cast<double>(f.lines) / std::max(f.seconds, 1e-9))
        .add("deliveries_per_second", static_cast<double>(f.deliveries) / std::max(f.seconds, 1e-9))
        .add("generator_idle", f.generator_idle)
        .add("generator_waited", f.generator_waited);
    if (o.server_pid)
        all.add("cpu_us_per_push", f.per(f.cpu_us, f.lines))
            .add("cpu_us_per_delivery", f.per(f.cpu_us, f.deliveries))
            .add("server_user_share", f.user_share)
            .add("server_busy", f.server_busy)
            .add("server_waited", f.server_waited);
    if (!f.delays_ns.empty())
        all.add("delay_us", json_object{}
                                .add("p50", f.delay_us(0.5))
                                .add("p90", f.delay_us(0.9))
                                .add("p99", f.delay_us(0.99))
                                .add("p99.9", f.delay_us(0.999))
                                .add("max", f.delay_us(1)));
    return all.str();
}

} // namespace bench
