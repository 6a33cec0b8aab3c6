#ifndef CRIER_TESTS_INTEGRATION_THREE_THREADS_HPP
#define CRIER_TESTS_INTEGRATION_THREE_THREADS_HPP

#include <crier/threads.hpp>

namespace support {

/// As crier::threads, but three unless a test says otherwise.
struct three_threads
{
    unsigned count = 3;

    template <class... Components>
    using crew = crier::detail::crew<three_threads, Components...>;
};

/// The components, and three threads where the whole program is compiled for that
/// (CRIER_TEST_THREE_THREADS): what holds for one thread must hold for several.
#if defined(CRIER_TEST_THREE_THREADS)
template <template <class...> class Server, class... Components>
using as_compiled = Server<Components..., three_threads>;
#else
template <template <class...> class Server, class... Components>
using as_compiled = Server<Components...>;
#endif

} // namespace support

#endif
