// Promises about the key file: 32 bytes or 64 hexadecimal digits, and closed to everybody else.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/key_file.hpp"

namespace auth {
namespace {

class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "key-file-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path() const { return directory_ / "key"; }

  std::string file_with(std::string_view content, mode_t mode = 0600) const {
    std::filesystem::remove(path());
    std::ofstream(path(), std::ios::binary) << content;
    EXPECT_EQ(chmod(path().c_str(), mode), 0);
    return path();
  }

  // The reason for which the file is refused.
  static std::string refusal(const std::string& path) {
    try {
      read_key_file(path);
    } catch (const KeyFileError& error) {
      return error.what();
    }
    return "";
  }

 private:
  std::filesystem::path directory_;
};

const std::string kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

std::string raw_key() {
  std::string key;
  for (char i = 0; i < 32; ++i) key += i;
  return key;
}

TEST_F(KeyFile, RawAndHexadecimalSpellTheSameKey) {
  for (const std::string& content : {raw_key(), kHex, kHex + "\n"}) {
    const SecretBytes key = read_key_file(file_with(content));
    EXPECT_EQ(std::string(key.begin(), key.end()), raw_key());
  }
}

TEST_F(KeyFile, OtherContentIsRefused) {
  for (const std::string& content : {std::string(), std::string("secret"), std::string(31, 'x'),
                                     std::string(33, 'x'), std::string(64, 'x'), kHex + " ", kHex + "\n\n",
                                     kHex.substr(1), kHex + "00", std::string(1'000'000, 'a')}) {
    EXPECT_NE(refusal(file_with(content)), "") << content.size();
  }
}

TEST_F(KeyFile, OpenToOthersIsRefused) {
  for (const mode_t mode : {0604, 0644, 0666, 0602, 0620, 0610, 0601}) {
    EXPECT_NE(refusal(file_with(kHex, mode)).find("open to others"), std::string::npos) << std::oct << mode;
  }
  for (const mode_t mode : {0600, 0400}) EXPECT_EQ(refusal(file_with(kHex, mode)), "") << std::oct << mode;
}

TEST_F(KeyFile, GroupMayReadItOnlyWhenItBelongsToRootAndWeAreNotRoot) {
  EXPECT_NE(refusal(file_with(kHex, 0640)).find("open to others"), std::string::npos);
}

TEST_F(KeyFile, WhatIsNoRegularFileIsRefusedWithoutWaiting) {
  EXPECT_NE(refusal(std::filesystem::path(path()).parent_path()).find("regular"), std::string::npos);
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  EXPECT_NE(refusal(path()).find("regular"), std::string::npos);
}

TEST_F(KeyFile, AMissingFileSaysSoWithoutItsPath) {
  const std::string reason = refusal(path());
  EXPECT_NE(reason.find("No such file"), std::string::npos);
  EXPECT_EQ(reason.find(path()), std::string::npos);
}

}  // namespace
}  // namespace auth
