// expect: deflate_parameters: level and memory_level are 1 to 9, max_window_bits 9 to 15
#include <crier/codec/websocket_deflate.hpp>
#include <crier/concepts/codec.hpp>

#ifdef CRIER_MISTAKE
constexpr crier::deflate_parameters parameters{.max_window_bits = 8};
#else
constexpr crier::deflate_parameters parameters{.max_window_bits = 9};
#endif
static_assert(crier::check_codec<crier::websocket_deflate<parameters>>());
