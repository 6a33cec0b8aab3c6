#ifndef CRIER_TESTS_FUZZ_TARGETS_HPP
#define CRIER_TESTS_FUZZ_TARGETS_HPP

#include <string_view>

// Each looks at any bytes at all, and aborts with a sentence if a promise is broken.

namespace fuzz {

void framings(std::string_view bytes);
void websocket_opening(std::string_view bytes);
void websocket_frames(std::string_view bytes);
void websocket_deflate(std::string_view bytes);
void command(std::string_view bytes);
void utf8(std::string_view bytes);
void ticket(std::string_view bytes);
void server(std::string_view bytes);

} // namespace fuzz

#endif
