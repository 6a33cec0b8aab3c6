// The validators of UTF-8, which look at many bytes at once, beside its definition.
#include <crier/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "input.hpp"
#include "plain_utf8.hpp"
#include "require.hpp"
#include "targets.hpp"

void fuzz::utf8(std::string_view bytes)
{
    input in(bytes);
    const std::size_t offset = in.number(64); // blocks are looked at where they lie
    const unsigned repeated = in.number(8);
    const read_sizes sizes = in.sizes();
    std::vector<char> block(offset);
    for (unsigned i = 0; i <= repeated && block.size() < 4096; ++i)
        block.insert(block.end(), in.bytes().begin(), in.bytes().end());
    const std::vector<char> exact(block); // no byte more than this is there to be read
    const std::string_view text(exact.data() + offset, exact.size() - offset);

    const plain_utf8 plain(text);
    require(crier::is_valid_utf8(text) == plain.valid(text), "is_valid_utf8 is right");
    require(crier::utf8_character_size(text) == (text.empty() ? 0 : plain.first),
            "utf8_character_size is right");

    crier::utf8_validator validator;
    std::size_t at = 0;
    for (std::size_t turn = 0; at < text.size(); ++turn) {
        const std::string_view piece = text.substr(at, sizes[turn % sizes.size()]);
        at += piece.size();
        const bool possible = validator.consume(piece);
        require(possible == (plain.good >= at), "utf8_validator fails in the right piece");
        if (!possible)
            return;
    }
    require(validator.complete() == plain.complete, "utf8_validator knows where text may end");
}
