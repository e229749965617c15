// Conversion of labels in the ports of trees to constants of face_affect_msgs.

#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

#include "face_affect_msgs/action/wait_for_affect.hpp"
#include "face_affect_msgs/msg/emotion.hpp"
#include "face_affect_msgs/msg/gender.hpp"

namespace face_affect
{

using face_affect_msgs::msg::Emotion;
using face_affect_msgs::msg::Gender;
constexpr std::uint8_t ANY = face_affect_msgs::action::WaitForAffect::Goal::ANY;

inline std::uint8_t lookUp(
  const std::map<std::string, std::uint8_t> & codes, const std::string & name)
{
  const auto found = codes.find(name);
  if (found == codes.end()) {
    throw std::runtime_error("face_affect: unknown label '" + name + "'; see greeter.xml");
  }
  return found->second;
}

inline std::uint8_t emotionCode(const std::string & name)
{
  static const std::map<std::string, std::uint8_t> codes{
    {"any", ANY}, {"angry", Emotion::ANGRY}, {"disgust", Emotion::DISGUST},
    {"fear", Emotion::FEAR}, {"happy", Emotion::HAPPY}, {"sad", Emotion::SAD},
    {"surprise", Emotion::SURPRISE}, {"neutral", Emotion::NEUTRAL}};
  return lookUp(codes, name);
}

inline std::uint8_t genderCode(const std::string & name)
{
  static const std::map<std::string, std::uint8_t> codes{
    {"any", ANY}, {"female", Gender::FEMALE}, {"male", Gender::MALE}};
  return lookUp(codes, name);
}

}  // namespace face_affect
