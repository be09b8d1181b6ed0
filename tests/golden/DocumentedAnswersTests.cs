using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>
/// Answers that documents quote are answers of the program: blocks that begin with <c>```explain</c> hold a command and,
/// in order, parts of its output, with <c>...</c> for what is left out.
/// </summary>
public sealed class DocumentedAnswersTests
{
    private const string Start = "```explain";
    private const string Prompt = "$ kube-proxy-sharp explain ";
    private const string LeftOut = "...";

    [Fact]
    public async Task EveryQuotedAnswerIsGiven()
    {
        int quoted = 0;
        foreach (string file in Directory.GetFiles(RepositoryRoot.Combine("docs"), "*.md"))
        {
            string[] lines = await File.ReadAllLinesAsync(file);
            for (int line = 0; line < lines.Length; line++)
            {
                if (lines[line] != Start)
                {
                    continue;
                }

                lines[++line].Should().StartWith(Prompt);
                ExplainRun run = await ExplainRun.WithAsync(lines[line][Prompt.Length..].Split(' '));
                run.ExitCode.Should().Be(0, run.Errors);
                List<string> output = [.. run.Output.TrimEnd('\n').Split('\n')];
                int next = 0;
                bool isGap = false;
                for (line++; lines[line] != "```"; line++)
                {
                    if (lines[line] == LeftOut)
                    {
                        isGap = true;
                        continue;
                    }

                    int found = output.IndexOf(lines[line], next);
                    found.Should().BeGreaterThanOrEqualTo(next, $"{Path.GetFileName(file)}:{line + 1} quotes \"{lines[line]}\"");
                    (isGap || found == next).Should().BeTrue($"{Path.GetFileName(file)}:{line + 1} leaves \"{output[next]}\" out without saying so");
                    next = found + 1;
                    isGap = false;
                    quoted++;
                }

                (isGap || next == output.Count).Should().BeTrue($"{Path.GetFileName(file)}:{line + 1} ends before the answer does");
            }
        }

        quoted.Should().BeGreaterThan(60);
    }
}
