using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

public sealed class ReportedProblemsTests
{
    private static readonly NamespacedName s_web = new("shop", "web");
    private static readonly NamespacedName s_db = new("shop", "db");

    private readonly ReportedProblems _problems = new();

    [Fact]
    public void ProblemsAreCountedUntilTheyAreMended()
    {
        _problems.Replace(s_web, [New(s_web, ProblemSeverity.Warning, "a"), New(s_web, ProblemSeverity.Error, "b")]);
        _problems.Replace(s_db, [New(s_db, ProblemSeverity.Warning, "a")]);
        Counts().Should().Be((2, 1));

        _problems.Replace(s_web, [New(s_web, ProblemSeverity.Error, "b")]);
        Counts().Should().Be((1, 1));

        _problems.Replace(s_web, []);
        _problems.Replace(s_db, []);
        Counts().Should().Be((0, 0));
    }

    [Fact]
    public void OnlyNewProblemsAreNews()
    {
        Problem first = New(s_web, ProblemSeverity.Warning, "a");
        Problem second = New(s_web, ProblemSeverity.Warning, "b");

        _problems.Replace(s_web, [first]).Should().Equal(first);
        _problems.Replace(s_web, [first]).Should().BeEmpty();
        _problems.Replace(s_web, [first, second]).Should().Equal(second);
        _problems.Replace(s_web, []).Should().BeEmpty();
        _problems.Replace(s_web, [first]).Should().Equal(first);
    }

    private (int Warnings, int Errors) Counts() => (_problems.Count(ProblemSeverity.Warning), _problems.Count(ProblemSeverity.Error));

    private static Problem New(NamespacedName service, ProblemSeverity severity, string field) => new(severity, "Service", service, field, "is wrong");
}
