#include "plugin_editor.hpp"

namespace umtn::plugin {

namespace {
constexpr int kTimesASecond = 30;
}

PluginEditor::PluginEditor(PluginProcessor& owner)
    : AudioProcessorEditor(owner), processor_(owner), core_(owner.core()),
      settings_(owner.parameters(), owner.instrument()),
      actions_(owner.parameters(), owner.own_transport() != nullptr) {
  setLookAndFeel(&look_);
  int order = 0;
  for (auto* part : std::initializer_list<juce::Component*>{
           &connection_, &settings_, &actions_, &timeline_, &message_, &locate_, &takes_}) {
    addChildComponent(part);
    part->setExplicitFocusOrder(++order);
  }
  for (auto* part : std::initializer_list<juce::Component*>{&connection_, &settings_, &actions_,
                                                            &timeline_, &takes_})
    part->setVisible(true);
  message_.setColour(juce::Label::textColourId, colours::trouble);
  message_.setMinimumHorizontalScale(1.0f);
  locate_.setHasFocusOutline(true);
  locate_.setTooltip("Chooses the folder in which this project's recordings and takes lie now");
  connect_actions();

  core_.start(); // so that there is an answer about the bridge before the first block
  show(core_.view());
  setResizable(true, true);
  setResizeLimits(680, 476, 2400, 1600);
  setSize(820, 576);
  startTimerHz(kTimesASecond);
}

PluginEditor::~PluginEditor() {
  setLookAndFeel(nullptr);
}

void PluginEditor::connect_actions() {
  connection_.on_start_bridge = [this] { core_.start_bridge(); };
  connection_.on_token = [this](const juce::String& token) { core_.set_token(token); };
  timeline_.on_region = [this](Place place) { core_.region().drag(place); };
  if (auto* const transport = processor_.own_transport())
    timeline_.on_locate = [transport](Sample position) { transport->locate(position); };
  actions_.on_render = [this] { core_.render(); };
  actions_.on_play = [this] {
    if (auto* const transport = processor_.own_transport())
      transport->playing() ? transport->stop() : transport->play();
  };
  actions_.on_region_source = [this](RegionSource source) { core_.region().choose(source); };
  actions_.on_auto_render = [this](bool on) { processor_.set_auto_render(on); };
  locate_.onClick = [this] { locate_missing(); };

  auto& actions = takes_.actions;
  actions.cancel = [this](const auto& take) { core_.cancel(take); };
  actions.remove = [this](const auto& take) { core_.remove(take); };
  actions.next_rival = [this](const auto& take) { core_.next_rival(take); };
  actions.again = [this](const auto& take) { render_again(take); };
  actions.solo = [this](const auto& take) {
    core_.solo(view_.soloed == take ? juce::String() : take);
  };
  actions.mute = [this](const auto& id) {
    for (const Take& take : view_.takes)
      if (take.id == id)
        core_.mute(id, !take.muted);
  };
  actions.reveal = [this](const auto& id) {
    for (const Take& take : view_.takes)
      if (take.id == id)
        take.result.revealToUser();
  };
}

void PluginEditor::render_again(const juce::String& id) {
  auto& seed = processor_.parameters().seed;
  for (const Take& take : view_.takes)
    if (take.id == id && take.settings.seed == seed.get() && take.state == TakeState::done) {
      seed.beginChangeGesture(); // the same seed would give the same sound
      seed = (seed.get() + 1) % 10000;
      seed.endChangeGesture();
    }
  core_.render_again(id, processor_.render_settings());
}

void PluginEditor::timerCallback() {
  const int target = processor_.parameters().target.get();
  const auto revision = core_.revision();
  if (revision != revision_ || target != shown_target_) {
    revision_ = revision;
    shown_target_ = target;
    return show(core_.view());
  }
  const auto region = core_.region().current();
  if (!(region == view_.region) || core_.region().source() != view_.region_source) {
    view_.region = region;
    view_.region_source = core_.region().source();
    actions_.show(view_, processor_.auto_render());
    timeline_.show(view_);
  }
  view_.transport = core_.region().transport();
  timeline_.show_transport(view_.transport);
  actions_.show_transport(view_.transport, core_.capture().report().recording);
}

void PluginEditor::show(const CoreView& view) {
  view_ = view;
  connection_.show(view.connection);
  settings_.show(view.connection.models);
  timeline_.show(view);
  actions_.show(view, processor_.auto_render());
  actions_.show_transport(view.transport, view.capture.recording);
  takes_.show(view);
  show_message(view);
}

void PluginEditor::show_message(const CoreView& view) {
  juce::String text = view.message;
  if (text.isEmpty())
    text = view.capture.message;
  if (text.isEmpty() && !view.missing.empty())
    text = juce::String(view.missing.size()) +
           (view.missing.size() == 1 ? " file of this project is missing: "
                                     : " files of this project are missing, first ") +
           view.missing.front().getFileName();
  if (text.isEmpty() && view.capture.lost > 0)
    text = "The disk was too slow: " + juce::String(view.capture.lost) +
           " samples of the recording are lost.";
  if (text.isEmpty() && view.bounce_waits)
    text = "The bounce waits for a take that is being rendered.";
  const bool find = !view.missing.empty() && view.message.isEmpty();
  if (text != message_.getText() || find != locate_.isVisible()) {
    message_.setText(text, juce::dontSendNotification);
    message_.setTooltip(text);
    message_.setVisible(text.isNotEmpty());
    locate_.setVisible(find);
    resized();
  }
}

void PluginEditor::locate_missing() {
  chooser_ = std::make_unique<juce::FileChooser>("Where are this project's takes now?",
                                                 view_.session_folder.getParentDirectory());
  chooser_->launchAsync(juce::FileBrowserComponent::openMode |
                            juce::FileBrowserComponent::canSelectDirectories,
                        [this](const juce::FileChooser& chooser) {
                          if (chooser.getResult() != juce::File())
                            core_.locate(chooser.getResult());
                        });
}

void PluginEditor::paint(juce::Graphics& graphics) {
  graphics.fillAll(colours::background);
}

void PluginEditor::resized() {
  auto bounds = getLocalBounds().reduced(12);
  connection_.setBounds(bounds.removeFromTop(28));
  bounds.removeFromTop(8);
  settings_.setBounds(bounds.removeFromTop(SettingsPanel::kHeight));
  bounds.removeFromTop(12);
  actions_.setBounds(bounds.removeFromTop(30));
  bounds.removeFromTop(10);
  timeline_.setBounds(bounds.removeFromTop(std::max(150, bounds.getHeight() / 2)));
  bounds.removeFromTop(8);
  if (message_.isVisible()) {
    auto line = bounds.removeFromTop(28);
    if (locate_.isVisible())
      locate_.setBounds(line.removeFromRight(110));
    message_.setBounds(line);
    bounds.removeFromTop(6);
  }
  takes_.setBounds(bounds);
}

} // namespace umtn::plugin
