using KubeProxySharp.Proxy.Agent.Drift;

namespace KubeProxySharp.Proxy.Tests.Agent.Drift;

public sealed class CommitAttributionTests
{
    private const int Ours = 42;
    private const int Theirs = 43;

    private readonly OwnTransactions _applies = new();
    private readonly ApplyIntervals _windows = new();

    [Theory]
    [InlineData(Ours, Ours, CommitOrigin.Own)]
    [InlineData(Theirs, Ours, CommitOrigin.Foreign)] // a port can be anything
    [InlineData(Theirs, Theirs, CommitOrigin.Foreign)]
    public void WithTheKernelsNumbersTheProcessDecides(int process, int port, object expected)
    {
        _applies.ProcessStarted(Ours);
        CloseWindow(10, 20);

        Judge(15, process, port, seesKernelsNumbers: true).Should().Be((CommitOrigin)expected);
    }

    [Theory]
    [InlineData(15, Ours, CommitOrigin.Own)]
    [InlineData(15, -4097, CommitOrigin.Unknown)] // a second socket of somebody else, or ours after its number was taken
    [InlineData(15, Theirs, CommitOrigin.Foreign)]
    [InlineData(10, Ours, CommitOrigin.Foreign)] // the last one before our apply
    [InlineData(20, Ours, CommitOrigin.Own)]
    [InlineData(21, Ours, CommitOrigin.Foreign)]
    public void InsideAContainerThePortDecidesForCommitsOfOurApplies(uint number, int port, object expected)
    {
        _applies.ProcessStarted(Ours);
        CloseWindow(10, 20);

        Judge(number, process: 98765, port, seesKernelsNumbers: false).Should().Be((CommitOrigin)expected);
    }

    /// <summary>No other socket has the port of an open one, whatever the process is called and whenever it commits.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ThePortOfAnOpenSocketIsOurs(bool seesKernelsNumbers)
    {
        CloseWindow(10, 20);
        IDisposable open = _applies.PortOpened(-4097);

        Judge(15, Theirs, -4097, seesKernelsNumbers).Should().Be(CommitOrigin.Own);
        Judge(30, Theirs, -4097, seesKernelsNumbers).Should().Be(CommitOrigin.Own);
        Judge(15, Theirs, Theirs, seesKernelsNumbers).Should().Be(CommitOrigin.Foreign, "our own commits are known, so this is none");
        open.Dispose();
        Judge(30, Theirs, -4097, seesKernelsNumbers).Should().Be(CommitOrigin.Foreign);
    }

    [Fact]
    public void WhatIsCommittedBeforeItsProcessIsKnownWaitsForTheEndOfTheApply()
    {
        _windows.Open(10);
        Judge(11, Ours, Ours, seesKernelsNumbers: true).Should().Be(CommitOrigin.Undecided);

        _applies.ProcessStarted(Ours);

        Judge(11, Ours, Ours, seesKernelsNumbers: true).Should().Be(CommitOrigin.Own);
    }

    [Fact]
    public void WithoutKnownProcessesAnApplyClaimsItsTime()
    {
        CloseWindow(10, 20);

        Judge(15, Theirs, Theirs, seesKernelsNumbers: true).Should().Be(CommitOrigin.Own);
        Judge(21, Theirs, Theirs, seesKernelsNumbers: true).Should().Be(CommitOrigin.Foreign);
    }

    [Fact]
    public void NumbersMayWrapAround()
    {
        CloseWindow(uint.MaxValue - 1, 2);

        _windows.Find(uint.MaxValue).Should().Be(CommitTiming.Closed);
        _windows.Find(1).Should().Be(CommitTiming.Closed);
        _windows.Find(3).Should().Be(CommitTiming.Outside);
    }

    /// <summary>Both families are written at the same time: what the longer apply commits is ours although the other one has ended.</summary>
    [Fact]
    public void OverlappingAppliesAreOneWindow()
    {
        _windows.Open(10);
        _windows.Open(11);
        _windows.Close(12);

        _windows.Find(14).Should().Be(CommitTiming.Open);

        _windows.Close(14);

        _windows.Find(11).Should().Be(CommitTiming.Closed);
        _windows.Find(14).Should().Be(CommitTiming.Closed);
        _windows.Find(15).Should().Be(CommitTiming.Outside);
    }

    [Fact]
    public void OnlyWhatHasThePortOfOneOfOursIsNotHeard()
    {
        _windows.Open(10);
        _windows.Hide(Ours);
        _windows.Close(12);

        _windows.MayLackObjects(new(11, Theirs, "nft", Theirs)).Should().BeFalse("all that it changed was heard");
        _windows.MayLackObjects(new(11, Theirs, "nft", Ours)).Should().BeTrue("it has the number of ours in its own process namespace");
        _windows.MayLackObjects(new(13, Theirs, "nft", Ours)).Should().BeFalse("the window was closed");
    }

    private void CloseWindow(uint before, uint last)
    {
        _windows.Open(before);
        _windows.Close(last);
    }

    private CommitOrigin Judge(uint number, int process, int port, bool seesKernelsNumbers) =>
        new CommitAttribution(_applies, _windows, seesKernelsNumbers).Attribute(new(number, process, "nft", port));
}
