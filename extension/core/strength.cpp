#include "core/strength.hpp"

#include <zxcvbn.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

#include "core/bytes.hpp"
#include "core/password.hpp"

namespace auth {
namespace {

// Shorter words of a context are ignored: the "a" of a@example.com says nothing about a password with an "a"
// in it.
constexpr std::size_t kShortestWord = 3;
// libzxcvbn compares every word at every place of the password.
constexpr std::size_t kMostWords = 100;
constexpr std::size_t kLongestWord = 100;

struct FreeMatches {
  void operator()(ZxcMatch_t* matches) const { ZxcvbnFreeInfo(matches); }
};
using Matches = std::unique_ptr<ZxcMatch_t, FreeMatches>;

void add_word(std::vector<std::string>& words, std::string_view word) {
  if (word.size() < kShortestWord || word.size() > kLongestWord || words.size() >= kMostWords) return;
  if (word.find('\0') != std::string_view::npos) return;
  std::string lower(word);  // libzxcvbn expects its words in lower case and folds the password itself
  std::ranges::transform(lower, lower.begin(), [](unsigned char letter) {
    return static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
  });
  if (std::ranges::find(words, lower) == words.end()) words.push_back(std::move(lower));
}

// Each entry as a whole, its part before the @, and the pieces between the separators of addresses and names.
std::vector<std::string> context_words(std::span<const std::string> context) {
  std::vector<std::string> words;
  for (const std::string_view entry : context) {
    add_word(words, entry);
    add_word(words, entry.substr(0, entry.find('@')));
    std::string_view rest = entry;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of("@._-+ \t"), rest.size());
      add_word(words, rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return words;
}

struct Advice {
  std::string_view reason;
  std::string_view suggestion;
};

Advice advice_for(int type) {
  switch (type) {
    case DICTIONARY_MATCH:
      return {"It is, or contains, a common word, name or password.",
              "Use several uncommon words, or let a password manager make one up."};
    case DICT_LEET_MATCH:
      return {"It is a common word or password with letters replaced by look-alikes.",
              "Replacements such as '@' for 'a' are easy to guess: add more, uncommon words instead."};
    case USER_MATCH:
    case USER_LEET_MATCH:
      return {"It contains your own name or e-mail address.",
              "Leave out everything that others know about you."};
    case REPEATS_MATCH:
      return {"It repeats the same characters.", "Avoid repetitions: add different, uncommon words instead."};
    case SEQUENCE_MATCH:
      return {"It contains a sequence such as 'abc' or '6543'.",
              "Avoid sequences: add different, uncommon words instead."};
    case SPATIAL_MATCH:
      return {"It follows neighbouring keys of the keyboard.",
              "Avoid rows of keys: add different, uncommon words instead."};
    case DATE_MATCH:
    case YEAR_MATCH:
      return {"It contains a date or a year.",
              "Avoid dates and years, above all those that are linked to you."};
    default:
      return {"It is too short.", "Add another word or two. Uncommon words are better."};
  }
}

// The advice for the longest part that is anything but random characters, for that part weakens it most.
Advice advice_for(const ZxcMatch_t* matches) {
  int type = BRUTE_MATCH;
  int longest = 0;
  for (const ZxcMatch_t* match = matches; match != nullptr; match = match->Next) {
    const bool repeated = (match->Type & MULTIPLE_MATCH) != 0;
    const bool random =
        match->Type == NON_MATCH || match->Type == BRUTE_MATCH || match->Type == LONG_PWD_MATCH;
    if (random || match->Length <= longest) continue;
    longest = match->Length;
    type = repeated ? REPEATS_MATCH : match->Type;
  }
  return advice_for(type);
}

int score_of(double guesses_log10) {
  constexpr std::array kThresholds{3.0, 6.0, 8.0, 10.0};
  return static_cast<int>(
      std::ranges::count_if(kThresholds, [&](double threshold) { return guesses_log10 >= threshold; }));
}

}  // namespace

PasswordStrength estimate_strength(std::string_view password, std::span<const std::string> context) {
  if (password.size() > kMaximumPasswordBytes) throw InvalidPassword("Password must not exceed 1024 bytes");
  if (password.find('\0') != std::string_view::npos) throw InvalidPassword("Password must not contain a NUL");

  const std::vector<std::string> words = context_words(context);
  std::vector<const char*> dictionary;
  dictionary.reserve(words.size() + 1);
  for (const std::string& word : words) dictionary.push_back(word.c_str());
  dictionary.push_back(nullptr);

  SecretBytes terminated(password.begin(), password.end());
  terminated.push_back(0);
  ZxcMatch_t* found = nullptr;
  const double bits =
      ZxcvbnMatch(reinterpret_cast<const char*>(terminated.data()), dictionary.data(), &found);
  const Matches matches(found);

  PasswordStrength strength;
  strength.guesses_log10 = std::max(bits, 0.0) * std::log10(2.0);
  strength.score = score_of(strength.guesses_log10);
  if (strength.score < 4) {
    const Advice advice = advice_for(matches.get());
    strength.reason = advice.reason;
    strength.suggestion = advice.suggestion;
  }
  return strength;
}

}  // namespace auth
