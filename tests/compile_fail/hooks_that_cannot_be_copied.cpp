// expect: hooks are copied into the server: give them pointers or references to what they share
#include <crier/hooks.hpp>

#include <atomic>

struct my_hooks : crier::hooks
{
#ifdef CRIER_MISTAKE
    std::atomic<int> messages = 0;
#else
    std::atomic<int>& messages;

    explicit my_hooks(std::atomic<int>& counter) : messages(counter) {}
#endif
};
static_assert(crier::check_hooks<my_hooks>());
