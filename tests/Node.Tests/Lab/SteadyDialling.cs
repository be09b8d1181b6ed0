using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Runs a test while connections are made all the time.</summary>
internal static class SteadyDialling
{
    /// <summary>How many connections are made in each state that lasts.</summary>
    public const int Connections = 100;

    /// <summary>Connections before, during and after a body: all are answered.</summary>
    public static void AllAreAnswered(LabTraffic traffic, LabAgent agent, Action body)
    {
        IReadOnlyList<Answer> answers = Run(traffic, body);

        answers.Index().Where(answer => answer.Item.Outcome != Outcome.Answered).Select(answer => $"{answer.Item} is number {answer.Index}")
            .Should().BeEmpty("no connection of {0} may fail; {1}", answers.Count, agent.Log);
    }

    /// <summary>Connections before, during and after a body.</summary>
    public static IReadOnlyList<Answer> Run(LabTraffic traffic, Action body)
    {
        IReadOnlyList<Answer> answers;
        try
        {
            traffic.Await(Connections);
            body();
            traffic.Await(Connections);
        }
        finally
        {
            answers = traffic.End();
        }

        return answers;
    }
}
