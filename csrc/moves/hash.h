// Hashes of strings that are the same on every machine, for buckets of categories.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lamina {

// FarmHash's Fingerprint64 (Pike, Google 2014): its variant "na", which never changes.
std::uint64_t fingerprint64(const char* text, std::size_t size);

// SipHash-2-4 (Aumasson, Bernstein 2012) with a key of two words.
std::uint64_t siphash64(const char* text, std::size_t size, std::uint64_t key0, std::uint64_t key1);

// The hash of two fingerprints, in order.
std::uint64_t fingerprint_of_two(std::uint64_t first, std::uint64_t second);

}  // namespace lamina
