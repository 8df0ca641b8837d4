#include "hash.h"

#include <utility>

namespace lamina {
namespace {

using HashWord = std::uint64_t;

struct HashPair {
  HashWord first, second;
};

constexpr HashWord k0 = 0xc3a5c85c97cb3127, k1 = 0xb492b66fbe98f273, k2 = 0x9ae16a3b2f90404f;

// Little-endian on every machine.
template <int bytes>
HashWord fetch_bytes(const char* p) {
  HashWord word = 0;
  for (int i = 0; i < bytes; ++i) word |= HashWord(static_cast<unsigned char>(p[i])) << (8 * i);
  return word;
}
HashWord fetch8(const char* p) { return fetch_bytes<8>(p); }

HashWord rotated_right(HashWord x, int by) { return x >> by | x << (64 - by); }
HashWord rotated_left(HashWord x, int by) { return x << by | x >> (64 - by); }
HashWord shift_mixed(HashWord x) { return x ^ (x >> 47); }

HashWord hash_joined(HashWord u, HashWord v, HashWord multiplier) {
  const HashWord a = shift_mixed((u ^ v) * multiplier);
  return shift_mixed((v ^ a) * multiplier) * multiplier;
}

HashWord up_to_16(const char* s, HashWord size) {
  const HashWord multiplier = k2 + size * 2;
  if (size >= 8) {
    const HashWord a = fetch8(s) + k2, b = fetch8(s + size - 8);
    const HashWord c = rotated_right(b, 37) * multiplier + a;
    const HashWord d = (rotated_right(a, 25) + b) * multiplier;
    return hash_joined(c, d, multiplier);
  }
  if (size >= 4)
    return hash_joined(size + (fetch_bytes<4>(s) << 3), fetch_bytes<4>(s + size - 4), multiplier);
  if (size == 0) return k2;
  const auto byte = [s](HashWord i) { return std::uint32_t(static_cast<unsigned char>(s[i])); };
  const std::uint32_t y = byte(0) + (byte(size >> 1) << 8);
  const std::uint32_t z = std::uint32_t(size) + (byte(size - 1) << 2);
  return shift_mixed(y * k2 ^ z * k0) * k2;
}

HashWord up_to_32(const char* s, HashWord size) {
  const HashWord multiplier = k2 + size * 2;
  const HashWord a = fetch8(s) * k1, b = fetch8(s + 8), c = fetch8(s + size - 8) * multiplier,
                 d = fetch8(s + size - 16) * k2;
  return hash_joined(rotated_right(a + b, 43) + rotated_right(c, 30) + d,
                     a + rotated_right(b + k2, 18) + c, multiplier);
}

HashWord up_to_64(const char* s, HashWord size) {
  const HashWord multiplier = k2 + size * 2;
  const HashWord a = fetch8(s) * k2, b = fetch8(s + 8), c = fetch8(s + size - 8) * multiplier,
                 d = fetch8(s + size - 16) * k2;
  const HashWord y = rotated_right(a + b, 43) + rotated_right(c, 30) + d;
  const HashWord z = hash_joined(y, a + rotated_right(b + k2, 18) + c, multiplier);
  const HashWord e = fetch8(s + 16) * multiplier, f = fetch8(s + 24);
  const HashWord g = (y + fetch8(s + size - 32)) * multiplier;
  const HashWord h = (z + fetch8(s + size - 24)) * multiplier;
  return hash_joined(rotated_right(e + f, 43) + rotated_right(g, 30) + h,
                     e + rotated_right(f + a, 18) + g, multiplier);
}

HashPair weak_32(const char* s, HashWord a, HashWord b) {
  const HashWord w = fetch8(s), x = fetch8(s + 8), y = fetch8(s + 16), z = fetch8(s + 24);
  a += w;
  b = rotated_right(b + a + z, 21);
  const HashWord c = a;
  a += x + y;
  b += rotated_right(a, 44);
  return {a + z, b + c};
}

struct HashState {
  HashWord x, y, z;
  HashPair v, w;

  // Takes in 64 bytes; for the last ones, the second word of w, and v, count `tail` times.
  void take(const char* s, HashWord multiplier, HashWord tail) {
    x = rotated_right(x + y + v.first + fetch8(s + 8), 37) * multiplier;
    y = rotated_right(y + v.second + fetch8(s + 48), 42) * multiplier;
    x ^= w.second * tail;
    y += v.first * tail + fetch8(s + 40);
    z = rotated_right(z + w.first, 33) * multiplier;
    v = weak_32(s, v.second * multiplier, x + w.first);
    w = weak_32(s + 32, z + w.second, y + fetch8(s + 16));
    std::swap(z, x);
  }
};

}  // namespace

std::uint64_t fingerprint64(const char* s, std::size_t size) {
  if (size <= 16) return up_to_16(s, size);
  if (size <= 32) return up_to_32(s, size);
  if (size <= 64) return up_to_64(s, size);
  constexpr HashWord seed = 81;
  constexpr HashWord y = seed * k1 + 113;
  HashState all{seed * k2 + fetch8(s), y, shift_mixed(y * k2 + 113) * k2, {0, 0}, {0, 0}};
  const char* const end = s + (size - 1) / 64 * 64;
  const HashWord rest = (size - 1) & 63;
  for (; s != end; s += 64) all.take(s, k1, 1);
  const HashWord multiplier = k1 + ((all.z & 0xff) << 1);
  all.w.first += rest;
  all.v.first += all.w.first;
  all.w.first += all.v.first;
  all.take(end + rest - 63, multiplier, 9);
  return hash_joined(
      hash_joined(all.v.first, all.w.first, multiplier) + shift_mixed(all.y) * k0 + all.z,
      hash_joined(all.v.second, all.w.second, multiplier) + all.x, multiplier);
}

std::uint64_t siphash64(const char* text, std::size_t size, std::uint64_t key0,
                        std::uint64_t key1) {
  HashWord v0 = key0 ^ 0x736f6d6570736575, v1 = key1 ^ 0x646f72616e646f6d,
           v2 = key0 ^ 0x6c7967656e657261, v3 = key1 ^ 0x7465646279746573;
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1, v1 = rotated_left(v1, 13) ^ v0, v0 = rotated_left(v0, 32);
      v2 += v3, v3 = rotated_left(v3, 16) ^ v2;
      v0 += v3, v3 = rotated_left(v3, 21) ^ v0;
      v2 += v1, v1 = rotated_left(v1, 17) ^ v2, v2 = rotated_left(v2, 32);
    }
  };
  const auto take = [&](HashWord word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  };
  const std::size_t whole = size / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) take(fetch8(text + i));
  HashWord last = HashWord(size) << 56;
  for (std::size_t i = whole; i < size; ++i)
    last |= HashWord(static_cast<unsigned char>(text[i])) << (8 * (i - whole));
  take(last);
  v2 ^= 0xff;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

std::uint64_t fingerprint_of_two(std::uint64_t first, std::uint64_t second) {
  constexpr HashWord multiplier = 0xc6a4a7935bd1e995;
  HashWord result = first ^ multiplier;
  result ^= shift_mixed(second * multiplier) * multiplier;
  result *= multiplier;
  result = shift_mixed(result) * multiplier;
  return shift_mixed(result);
}

}  // namespace lamina
