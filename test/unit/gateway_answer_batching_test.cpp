// Promises about waking up for several answers at a time: never for more than must come, and not for few.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer_batching.hpp"

namespace gateway {
namespace {

class AnswerBatchingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    descriptor_ = socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_GE(descriptor_, 0);
    batching_.begin(descriptor_, true);
  }
  void TearDown() override { close(descriptor_); }

  int mark() const {
    int value = 0;
    socklen_t length = sizeof value;
    EXPECT_EQ(getsockopt(descriptor_, SOL_SOCKET, SO_RCVLOWAT, &value, &length), 0);
    return value;
  }
  void answers(int count, std::size_t bytes) {
    for (int i = 0; i < count; ++i) batching_.note_answer(bytes);
  }

  int descriptor_ = -1;
  AnswerBatching batching_;
};

TEST_F(AnswerBatchingTest, AsksForAQuarterOfWhatMustStillCome) {
  answers(1000, 600);
  batching_.wait_for(33);
  EXPECT_LE(mark(), 32 * 600 / 4);
  EXPECT_GT(mark(), 32 * 600 / 5);
}

TEST_F(AnswerBatchingTest, IsEagerForFewAnswersAndBeforeTheFirst) {
  batching_.wait_for(64);
  EXPECT_EQ(mark(), 1);
  answers(10, 600);
  batching_.wait_for(64);
  EXPECT_GT(mark(), 1);
  batching_.wait_for(4);
  EXPECT_EQ(mark(), 1);
  batching_.wait_for(0);
  EXPECT_EQ(mark(), 1);
}

TEST_F(AnswerBatchingTest, GoesByTheShortestAnswerOfLate) {
  answers(1000, 6000);
  answers(1, 40);
  batching_.wait_for(33);
  EXPECT_LE(mark(), 32 * 40 / 4);
  answers(1000, 6000);
  batching_.wait_for(33);
  EXPECT_GT(mark(), 4096) << "and forgets it again";
  EXPECT_LE(mark(), 16384);
}

TEST_F(AnswerBatchingTest, LeavesASocketAloneThatItMustNotUse) {
  batching_.begin(descriptor_, false);
  answers(1000, 600);
  batching_.wait_for(64);
  EXPECT_EQ(mark(), 1);
}

TEST_F(AnswerBatchingTest, CanBeToldToBeEager) {
  answers(1000, 600);
  batching_.wait_for(64);
  EXPECT_GT(mark(), 1);
  batching_.be_eager();
  EXPECT_EQ(mark(), 1);
}

}  // namespace
}  // namespace gateway
